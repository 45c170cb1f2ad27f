package evidence_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

// nowhere is a store that keeps nothing, and noSignature a key that signs
// nothing: what is left is what an entry costs besides disk and signature.
type nowhere struct{}

func (nowhere) Head(context.Context) (evidence.TrailHead, error)         { return evidence.TrailHead{}, nil }
func (nowhere) Append(context.Context, int64, evidence.TrailBatch) error { return nil }
func (nowhere) Restore(context.Context, []evidence.TrailTile) error      { return nil }
func (nowhere) Entries(context.Context, int64, int64) iter.Seq2[[]byte, error] {
	return func(func([]byte, error) bool) {}
}

func (nowhere) Tile(context.Context, int, int64, int) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

type noSignature struct{ ed25519.PrivateKey }

func (noSignature) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, ed25519.SignatureSize), nil
}

// BenchmarkTrailAppend measures one entry, and an entry of a batch of 64, by the
// time that processors spent on it: a busy machine does not make it dearer.
func BenchmarkTrailAppend(b *testing.B) {
	people, err := evidence.OpenPeople(b.TempDir() + "/people")
	require.NoError(b, err)
	b.Cleanup(func() { _ = people.Close() })
	open := func(b *testing.B) *evidence.Trail {
		b.Helper()
		t, err := evidence.OpenTrail(b.Context(), evidence.TrailConfig{
			Scope: trailScope, Store: nowhere{}, Signer: noSignature{key(1)}, People: people,
			Actor: evidence.TrailActor{Organization: "Acme Ltd", User: "kim", Application: "records-sync 1.0", Location: "203.0.113.7"},
		})
		require.NoError(b, err)
		return t
	}
	b.Run("single", func(b *testing.B) {
		t := open(b)
		b.ReportAllocs()
		spent := cpuTime()
		for b.Loop() {
			n, err := t.Append(b.Context(), trailEventOnce)
			if err == nil {
				_, err = t.Append(b.Context(), trailOutcomeOnce(n))
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((cpuTime()-spent).Nanoseconds())/float64(2*b.N), "cpu-ns/entry")
	})
	b.Run("batch64", func(b *testing.B) {
		t := open(b)
		b.ReportAllocs()
		events := make([]evidence.TrailEvent, 64)
		for i := range events {
			events[i] = trailEventOnce
			events[i].Kind, events[i].Result = evidence.TrailObservation, evidence.TrailFound
		}
		spent := cpuTime()
		for b.Loop() {
			if _, err := t.AppendAll(b.Context(), events); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((cpuTime()-spent).Nanoseconds())/float64(64*b.N), "cpu-ns/entry")
	})
}

var trailEventOnce = trailIntent()

func trailOutcomeOnce(of int64) evidence.TrailEvent {
	e := trailEventOnce
	e.Kind, e.Of, e.Result = evidence.TrailOutcome, of, evidence.TrailDone
	return e
}

// BenchmarkTrailFolder measures an intent on the disk, signed and synced, by
// many at once.
func BenchmarkTrailFolder(b *testing.B) {
	people, err := evidence.OpenPeople(b.TempDir() + "/people")
	require.NoError(b, err)
	folder, err := evidence.OpenTrailFolder(b.TempDir())
	require.NoError(b, err)
	b.Cleanup(func() { _ = errors.Join(people.Close(), folder.Close()) })
	t, err := evidence.OpenTrail(b.Context(), evidence.TrailConfig{
		Scope: trailScope, Store: folder, Signer: key(1), People: people,
		Actor: evidence.TrailActor{Organization: "Acme Ltd", User: "kim", Application: "records-sync 1.0", Location: "203.0.113.7"},
	})
	require.NoError(b, err)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := t.Append(b.Context(), trailEventOnce); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
