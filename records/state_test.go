package records_test

import (
	"encoding"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
)

var (
	allStates = []records.State{
		records.StateUnknown, records.StateAbsent, records.StateIncomplete, records.StateDeclared, records.StateFinal,
		records.StateTransferred, records.StateDestroyed, 200,
	}
	allSteps = []records.Step{
		records.StepUnknown, records.StepUpload, records.StepClassify, records.StepFinalize, records.StepAmend, records.StepRemove,
		records.StepTransfer, records.StepDestroy, 200,
	}
)

// lifecycle is the whole product of states and steps, written out as a picture.
// Letters are the states that follow; lower case ones are refusals: u unknown,
// d disposed, f final, c not classified, t no such step.
const lifecycle = `
             none upload classify finalize amend remove transfer destroy foreign
unknown      u    u      u        u        u     u      u        u       u
absent       t    I      t        t        t     t      t        t       t
incomplete   t    I      D        c        I     A      c        c       t
declared     t    t      D        F        D     t      T        X       t
final        t    f      f        F        f     f      T        X       t
transferred  d    d      d        d        d     d      T        X       d
destroyed    d    d      d        d        d     d      d        X       d
foreign      u    u      u        u        u     u      u        u       u
`

func TestNext_IsTotalOverAllStatesAndSteps(t *testing.T) {
	t.Parallel()
	letters := map[string]records.State{
		"A": records.StateAbsent, "I": records.StateIncomplete, "D": records.StateDeclared, "F": records.StateFinal,
		"T": records.StateTransferred, "X": records.StateDestroyed,
	}
	refusals := map[string]error{
		"u": records.ErrStateUnknown, "d": records.ErrDisposed, "f": records.ErrFinal, "c": records.ErrNotClassified, "t": records.ErrTransition,
	}
	want := picture(lifecycle)
	for i, s := range allStates {
		for j, step := range allSteps {
			next, err := records.Next(s, step)
			cell := want[i][j]
			if follows, ok := letters[cell]; ok {
				require.NoError(t, err, "%s in %s", step, s)
				require.Equal(t, follows, next, "%s in %s", step, s)
				continue
			}
			require.ErrorIs(t, err, refusals[cell], "%s in %s", step, s)
			require.Equal(t, s, next, "a refused step keeps the state")
		}
	}
}

// picture reads the cells of a table with a head and a first column.
func picture(s string) [][]string {
	var rows [][]string
	for _, line := range splitLines(s)[1:] {
		rows = append(rows, fields(line)[1:])
	}
	return rows
}

func TestR1_AFinalRecordRefusesEveryStepThatChangesContent(t *testing.T) {
	t.Parallel()
	for _, step := range []records.Step{records.StepUpload, records.StepAmend, records.StepRemove, records.StepClassify} {
		_, err := records.Next(records.StateFinal, step)
		require.ErrorIs(t, err, records.ErrFinal, step.String())
	}
}

func TestR37_NothingComesBackAfterDisposition(t *testing.T) {
	t.Parallel()
	for _, gone := range []records.State{records.StateDestroyed, records.StateTransferred} {
		for _, step := range allSteps {
			next, err := records.Next(gone, step)
			require.Contains(t, []records.State{records.StateDestroyed, records.StateTransferred}, next, "%s in %s", step, gone)
			if step == records.StepUpload || step == records.StepClassify || step == records.StepAmend {
				require.ErrorIs(t, err, records.ErrDisposed)
			}
		}
	}
	require.ErrorIs(t, records.CanDeclare(records.Record{State: records.StateDestroyed}), records.ErrDisposed)
}

func TestEnums_AreClosedAndTotal(t *testing.T) {
	t.Parallel()
	type enum interface {
		fmt.Stringer
		encoding.TextMarshaler
	}
	kinds := map[string]func(uint8) (enum, encoding.TextUnmarshaler){
		"State":      func(i uint8) (enum, encoding.TextUnmarshaler) { return records.State(i), new(records.State) },
		"Step":       func(i uint8) (enum, encoding.TextUnmarshaler) { return records.Step(i), new(records.Step) },
		"SourceKind": func(i uint8) (enum, encoding.TextUnmarshaler) { return records.SourceKind(i), new(records.SourceKind) },
		"Companion":  func(i uint8) (enum, encoding.TextUnmarshaler) { return records.Companion(i), new(records.Companion) },
		"Algorithm":  func(i uint8) (enum, encoding.TextUnmarshaler) { return records.Algorithm(i), new(records.Algorithm) },
		"ApprovalSource": func(i uint8) (enum, encoding.TextUnmarshaler) {
			return records.ApprovalSource(i), new(records.ApprovalSource)
		},
		"RetentionKind": func(i uint8) (enum, encoding.TextUnmarshaler) {
			return records.RetentionKind(i), new(records.RetentionKind)
		},
		"Action":    func(i uint8) (enum, encoding.TextUnmarshaler) { return records.Action(i), new(records.Action) },
		"Outcome":   func(i uint8) (enum, encoding.TextUnmarshaler) { return records.Outcome(i), new(records.Outcome) },
		"EntryKind": func(i uint8) (enum, encoding.TextUnmarshaler) { return records.EntryKind(i), new(records.EntryKind) },
		"ConflictKind": func(i uint8) (enum, encoding.TextUnmarshaler) {
			return records.ConflictKind(i), new(records.ConflictKind)
		},
	}
	for name, make := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for i := range 256 {
				v, into := make(uint8(i))
				b, err := v.MarshalText()
				if err != nil {
					require.ErrorIs(t, err, records.ErrInvalid)
					require.Equal(t, fmt.Sprintf("%s(%d)", name, i), v.String())
					continue
				}
				require.Equal(t, v.String(), string(b))
				require.False(t, seen[v.String()], "%s stands for two values", v)
				seen[v.String()] = true
				require.NoError(t, into.UnmarshalText(b))
				require.Equal(t, v.String(), into.(fmt.Stringer).String())
			}
			require.True(t, seen["unknown"], "the zero value is unknown")
			_, into := make(0)
			require.ErrorIs(t, into.UnmarshalText([]byte("Nonsense")), records.ErrInvalid)
		})
	}
}

func TestR38_ActionsKeepTheirCodes(t *testing.T) {
	t.Parallel()
	for _, code := range []int{0, 1, 7, 8, 9, 10, 11, 12, 15, 16, 32} {
		a := records.ActionOfCode(code)
		require.NotEqual(t, records.ActionUnknown, a, "code %d", code)
		back, ok := a.Code()
		require.True(t, ok)
		require.Equal(t, code, back)
	}
	for _, code := range []int{-1, 2, 6, 13, 17, 33, 1 << 40} {
		require.Equal(t, records.ActionUnknown, records.ActionOfCode(code), "code %d", code)
	}
	require.True(t, records.ActionUnknown.Removes(), "what isn't known to be harmless isn't")
	require.True(t, records.Action(99).Removes())
	require.False(t, records.ActionReview.Removes())
	for _, a := range []records.Action{records.ActionTransfer, records.ActionReview} {
		_, ok := a.Code()
		require.False(t, ok, a.String())
	}
}

func TestProblems_ReportEveryFaultAndKeepSecretsOut(t *testing.T) {
	t.Parallel()
	var p records.Problems
	require.NoError(t, p.Err("nothing"))
	p.Add("user", "", "a name")
	p.Add("password", redacted("hunter2"), "a password of 12 characters")
	p.Merge("schedule", records.Schedule{}.Validate())
	p.Merge("other", errors.New("plain"))
	p.Merge("none", nil)
	err := p.Err("test.Op")
	require.ErrorIs(t, err, records.ErrInvalid)
	require.NotContains(t, err.Error(), "hunter2")
	require.Equal(t, `test.Op: invalid input: user is "", want a name; password is "redacted", want a password of 12 characters; `+
		`schedule.name is "", want the schedule's name; schedule.stages is "0", want at least one; other is "plain", want a valid value`, err.Error())
	var inv *records.InvalidError
	require.ErrorAs(t, err, &inv)
	require.Len(t, inv.Problems, 5)
}

type redacted string

func (redacted) String() string { return "redacted" }
