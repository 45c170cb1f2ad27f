// Command handoff makes records of what is finished in a creative tool and shown
// in the portal, version by version, and keeps their metadata in step. It runs
// on the fakes.
package main

import (
	"context"
	"errors"
	"io"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/ecm/ecmtest"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

const about = "A portal asset that is finished becomes a record, its next version the next one; metadata stays in step."

func main() { demo.Main("handoff", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := demo.Tell("handoff", about, args, stdout, stderr, func(o *demo.Options) { o.OpenAttributes = true })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	// The record category has room for what both sides last agreed on.
	attributes := append(demo.Attributes(), ecmtest.Attribute{Name: "Sync baseline", MaxLength: 254})
	category := s.ECM.AddCategory("Portal asset", attributes...)
	scope, err := s.Scope("acme", func(c *recsync.ScopeConfig) {
		c.Policy.Category = category
		c.Policy.Approval = records.ApprovalRule{
			Source: records.ApprovalByAttribute, Attribute: "approval", Accepted: []string{"final"}, Person: "approved_by", Time: "approved_at",
		}
		c.Portal = &recsync.PortalSource{Portal: smint.Portal{UUID: sminttest.PortalUUID}, Project: "campaign"}
		c.Policy.Metadata = &recsync.MetadataPolicy{Baseline: "Sync baseline", OpenFinal: true, Fields: []recsync.MetadataField{
			{Name: "campaign", Attribute: "Project", Portal: "campaign", Owner: recsync.SidePortal},
		}}
	})
	if err != nil {
		return err
	}
	feed := &demo.Memory{}

	s.Step("Dana finishes a key visual in her creative tool; the portal shows it as a draft.")
	if err := errors.Join(finish(s, "1", "draft", "Spring"), follow(ctx, s, scope, feed)); err != nil {
		return err
	}
	s.Step("Dana approves it in the portal.")
	if err := errors.Join(finish(s, "1", "final", "Spring"), follow(ctx, s, scope, feed)); err != nil {
		return err
	}
	s.Step("Dana finishes and approves a second version.")
	if err := errors.Join(finish(s, "2", "final", "Spring"), follow(ctx, s, scope, feed)); err != nil {
		return err
	}

	s.Step("Dana moves the asset to the campaign Summer, in the portal, which owns that field.")
	s.Smint.SetAttributes("kv-1", map[string]any{"campaign": "Summer"})
	if err := compare(ctx, s, scope, "2"); err != nil {
		return err
	}
	s.Say("The record of the first version keeps the metadata of its time:")
	if err := compare(ctx, s, scope, "1"); err != nil {
		return err
	}

	s.Step("Rita writes another campaign into the record, in ECM, which does not own the field.")
	second, err := scope.Record(ctx, records.MustRecordKey("acme/asset/99:image:kv-1/2"))
	if err != nil {
		return err
	}
	project, err := scope.ECM().Categories.Resolve(ctx, second.Record.Node(), "Portal asset/Project")
	if err != nil {
		return err
	}
	values := ecm.CategoryValues{project.Key: ecm.Text("Winter")}
	if err := errors.Join(scope.ECM().Categories.Update(ctx, second.Record.Node(), category, values), compare(ctx, s, scope, "2")); err != nil {
		return err
	}
	s.Next("go run ./examples/surface shows how records come back to creatives.")
	return nil
}

// finish is a person who finishes a version of the one key visual.
func finish(s *demo.Story, version, approval, campaign string) error {
	_, err := s.Smint.PutAsset(sminttest.PortalAsset{
		ID: "kv-1", Version: version, ETag: version + approval, Name: "Key visual", ContentType: "image", FileName: "kv.jpg", MediaType: "image/jpeg",
		Content: []byte("key visual, version " + version), Attributes: map[string]any{
			"approval": approval, "approved_by": "Dana Designer", "approved_at": "2025-05-06T08:18:51+02:00", "campaign": campaign,
		},
	})
	return err
}

// follow makes one pass over the portal's assets.
func follow(ctx context.Context, s *demo.Story, scope *recsync.Scope, feed recsync.FeedStore) error {
	_, err := recsync.FollowPortal(ctx, scope, feed, recsync.FollowOptions{OnItem: s.Became})
	return err
}

// compare compares the metadata of a version's record with the portal's.
func compare(ctx context.Context, s *demo.Story, scope *recsync.Scope, version string) error {
	r, err := scope.Record(ctx, records.MustRecordKey("acme/asset/99:image:kv-1/"+version))
	if err != nil {
		return err
	}
	receipt, err := recsync.SyncMetadata(ctx, scope, recsync.MetadataRequest{Record: r.Record})
	if err != nil && !errors.Is(err, recsync.ErrFieldConflict) {
		return err
	}
	for _, f := range receipt.Metadata {
		s.Say("%s: %s is %s (%s). It was %q in ECM and %q in the portal.", r.Record.Key(), f.Field, f.State, f.Reason, f.ECM, f.Portal)
	}
	if receipt.Change == recsync.Skipped {
		s.Say("%s: %s, %s.", r.Record.Key(), receipt.Change, receipt.Reason)
	}
	return nil
}
