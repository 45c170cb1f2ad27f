package ecm_test

import (
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// place is a value somewhere in the arguments of a call.
type place struct {
	name string
	t    reflect.Type
	at   func(args []reflect.Value) reflect.Value
}

// unsent are the fields that a call is given back from a read and does not
// send on.
var unsent = map[reflect.Type][]string{
	reflect.TypeFor[ecm.DispositionItem](): {"Name", "Type", "Class", "Due", "Action", "Decision", "Comment", "Reviewer"},
	reflect.TypeFor[ecm.CategoryState]():   {"Values"},
	reflect.TypeFor[ecm.Task]():            {"Location", "Status", "Code", "Message"},
	reflect.TypeFor[ecm.Upload]():          {"Retries", "PartSize", "Parts", "Done"},
}

// places are all values of the arguments of a method that can be wrong by
// themselves: ids, numbers, texts, dates, contents.
func places(m reflect.Method) []place {
	var all []place
	for k := 2; k < m.Type.NumIn(); k++ {
		t := m.Type.In(k)
		if m.Type.IsVariadic() && k == m.Type.NumIn()-1 {
			t = t.Elem()
		}
		all = append(all, within("arg"+strconv.Itoa(k-1), t, func(args []reflect.Value) reflect.Value { return args[k] })...)
	}
	return all
}

func within(name string, t reflect.Type, at func([]reflect.Value) reflect.Value) []place {
	this := place{name, t, at}
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[io.Reader](), reflect.TypeFor[ecm.Value](), reflect.TypeFor[ecm.CategoryValues]():
		return []place{this}
	case reflect.TypeFor[*ecm.RecordDetails]():
		return nil
	}
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int64:
		return []place{this}
	case reflect.Slice:
		return within(name+"[0]", t.Elem(), func(a []reflect.Value) reflect.Value { return at(a).Index(0) })
	case reflect.Pointer:
		return within(name, t.Elem(), func(a []reflect.Value) reflect.Value { return at(a).Elem() })
	case reflect.Struct:
		var all []place
		for i := range t.NumField() {
			f := t.Field(i)
			if f.IsExported() && !slices.Contains(unsent[t], f.Name) {
				all = append(all, within(name+"."+f.Name, f.Type, func(a []reflect.Value) reflect.Value { return at(a).Field(i) })...)
			}
		}
		return all
	default:
		return nil
	}
}

// bad is a value that no call may send.
func bad(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC))
	case reflect.TypeFor[io.Reader]():
		return reflect.Zero(t)
	case reflect.TypeFor[ecm.Value]():
		return reflect.ValueOf(ecm.Text("\xff"))
	case reflect.TypeFor[ecm.CategoryValues]():
		return reflect.ValueOf(ecm.CategoryValues{"no key": ecm.Text("value")})
	}
	if t.Kind() == reflect.String {
		return reflect.ValueOf("a\x07b").Convert(t)
	}
	return reflect.ValueOf(-7).Convert(t)
}

// try calls a method with its samples, changed, and returns the error, also
// that of a sequence, with what was sent.
func try(t *testing.T, service, method int, change func(args []reflect.Value)) (sent []string, err error) {
	t.Helper()
	r := &recorder{}
	err = tryOn(t, r, service, method, change)
	return r.sent, err
}

func tryOn(t *testing.T, r *recorder, service, method int, change func(args []reflect.Value)) (err error) {
	t.Helper()
	c, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken("token"), ecm.WithTransport(r), ecm.WithLimiter(fast{}), ecm.WithRetries(0))
	require.NoError(t, err)
	field := reflect.ValueOf(c).Elem().Field(service)
	m := field.Type().Method(method)
	args := []reflect.Value{field, reflect.ValueOf(t.Context())}
	for k := 2; k < m.Type.NumIn(); k++ {
		p := m.Type.In(k)
		if m.Type.IsVariadic() && k == m.Type.NumIn()-1 {
			p = p.Elem()
		}
		v := reflect.New(p).Elem()
		v.Set(sample(p, ""))
		args = append(args, v)
	}
	if m.Name == "Resolve" {
		args[3].SetString("text/text")
	}
	change(args)
	if last := len(args) - 1; !args[last].IsValid() {
		args = args[:last]
	}
	for _, out := range m.Func.Call(args) {
		if e, isError := out.Interface().(error); isError {
			err = e
		}
		if out.Kind() == reflect.Func && out.Type().NumIn() == 1 {
			yield := reflect.MakeFunc(out.Type().In(0), func(in []reflect.Value) []reflect.Value {
				err, _ = in[1].Interface().(error)
				return []reflect.Value{reflect.ValueOf(false)}
			})
			out.Call([]reflect.Value{yield})
		}
	}
	return err
}

// eachCall calls f for every exported call of every service that takes
// arguments beside a context.
func eachCall(f func(name string, service, method int, m reflect.Method)) {
	client := reflect.TypeFor[ecm.Client]()
	for i := range client.NumField() {
		if service := client.Field(i); service.IsExported() {
			for j := range service.Type.NumMethod() {
				f(service.Name+"."+service.Type.Method(j).Name, i, j, service.Type.Method(j))
			}
		}
	}
}

// TestCalls_RefuseBadInputBeforeAnyIO: every id, number, text, date and content
// that a call takes, wherever it stands, is wrong once; and then all of them
// together, and each is named.
func TestCalls_RefuseBadInputBeforeAnyIO(t *testing.T) {
	t.Parallel()
	tried := 0
	eachCall(func(name string, service, method int, m reflect.Method) {
		all := slices.DeleteFunc(places(m), func(p place) bool {
			// A relation is taken off by its type and end; its comment is not sent.
			return strings.HasPrefix(name, "CrossReferences.Remove") && strings.HasSuffix(p.name, ".Comment")
		})
		_, err := try(t, service, method, func([]reflect.Value) {})
		require.NotErrorIs(t, err, ecm.ErrInvalid, "%s: its samples are wrong by themselves", name)
		for _, p := range all {
			tried++
			sent, err := try(t, service, method, func(args []reflect.Value) { p.at(args).Set(bad(p.t)) })
			require.ErrorIs(t, err, ecm.ErrInvalid, "%s: %s was wrong and nothing was said", name, p.name)
			assert.Empty(t, sent, "%s: %s was wrong and something was sent", name, p.name)
		}
		if len(all) == 0 {
			return
		}
		_, err = try(t, service, method, func(args []reflect.Value) {
			for _, p := range all {
				p.at(args).Set(bad(p.t))
			}
		})
		require.ErrorIs(t, err, ecm.ErrInvalid, name)
		if err == nil {
			return
		}
		assert.GreaterOrEqual(t, strings.Count(err.Error(), ", want "), len(all), "%s: not all faults are reported at once: %v", name, err)
	})
	assert.Greater(t, tried, 400)
}

// mayBeEmpty are the arguments that a call does without, and what it means.
var mayBeEmpty = map[string]string{
	"Audit.All arg2":                         "the whole trail",
	"Audit.OfNode arg2":                      "the whole trail",
	"Classifications.CreateInfo arg1":        "0 is a folder",
	"CrossReferences.CreateType arg3":        "no hold goes along",
	"Dispositions.ChangeActions arg2":        "action 0 is none",
	"Dispositions.ChangeReviewDecision arg2": "0 is pending",
	"Dispositions.ChangeReviewDecision arg3": "no comment; a server that wants one says so",
	"Dispositions.Configure arg4":            "clears the field",
	"Dispositions.Container arg1":            "0 is the root",
	"Dispositions.FinishReview arg4":         "the user who is logged in",
	"Dispositions.SetAccession arg2":         "clears the code",
	"Holds.Maintenance arg1":                 "0 is the root",
	"Holds.Process arg2":                     "from the beginning",
	"Holds.Process arg3":                     "until now",
	"Holds.Remove arg3":                      "a direct hold",
	"Holds.RemoveMany arg2":                  "no comment",
	"Members.All arg1":                       "everybody",
	"Members.List arg1":                      "everybody",
	"Nodes.Actions arg2":                     "all that are offered",
	"Nodes.All arg2":                         "all children",
	"Nodes.FindChild arg3":                   "properties alone",
	"Nodes.Get arg2":                         "properties alone",
	"Nodes.GetMany arg1":                     "no nodes, and nothing is asked",
	"Nodes.List arg2":                        "all children",
	"RMClassifications.Apply arg3":           "no details",
	"RMClassifications.CreateInfo arg1":      "0 is a folder",
	"RSIs.Approve arg3":                      "the user who is logged in, today",
	"RSIs.Search arg1":                       "all names",
	"Security.SetLevelMany arg1":             "0 is no clearance",
	"Security.SetNode arg2":                  "0 is no clearance",
	"Security.SetNode arg3":                  "the markings stay",
	"Security.SetUserMarkings arg2":          "no markings",
	"Security.SetUser arg2":                  "0 is no clearance",
	"Uploads.Start arg2":                     "bytes of any kind",
	"Versions.Promote arg3":                  "no description",
	"Versions.PutRendition arg6":             "an empty rendition",
	"Workspaces.All arg1":                    "all workspaces",
	"Workspaces.List arg1":                   "all workspaces",
}

// TestCalls_WantWhatIsRequired: an argument left out is refused before any I/O,
// save for those that may be.
func TestCalls_WantWhatIsRequired(t *testing.T) {
	t.Parallel()
	eachCall(func(name string, service, method int, m reflect.Method) {
		for k := 2; k < m.Type.NumIn(); k++ {
			in := m.Type.In(k)
			last := m.Type.IsVariadic() && k == m.Type.NumIn()-1
			if in.Kind() == reflect.Bool || (last && in.Elem() == reflect.TypeFor[ecm.Unguarded]()) {
				continue
			}
			at := name + " arg" + strconv.Itoa(k-1)
			sent, err := try(t, service, method, func(args []reflect.Value) {
				if last {
					args[k] = reflect.Value{}
				} else {
					args[k].Set(reflect.Zero(args[k].Type()))
				}
			})
			if _, optional := mayBeEmpty[at]; optional {
				require.NotErrorIs(t, err, ecm.ErrInvalid, "%s is listed as one that may be empty", at)
				continue
			}
			require.ErrorIs(t, err, ecm.ErrInvalid, "%s (%s) was left out and nothing was said", at, in)
			assert.Empty(t, sent, at)
		}
	})
}
