package records

// State is where a record stands in its lifecycle. Holds are no state: they
// lie over every state and are asked for on their own.
type State uint8

// The states of a record.
const (
	// StateUnknown means that nobody has looked, or that the answer could not
	// be read. Every step is refused.
	StateUnknown State = iota
	// StateAbsent means that it was looked for and isn't there.
	StateAbsent
	// StateIncomplete means that bytes are stored but not all of class,
	// schedule and details: it is not a record yet.
	StateIncomplete
	// StateDeclared means classified under a schedule and not final.
	StateDeclared
	// StateFinal means that the content cannot be changed any more.
	StateFinal
	// StateTransferred means that the record was handed over to another
	// custodian and acknowledged there; the local copy still exists.
	StateTransferred
	// StateDestroyed means that only a stub remains.
	StateDestroyed
)

var stateTexts = []string{"unknown", "absent", "incomplete", "declared", "final", "transferred", "destroyed"}

// String names the state; it is total.
func (s State) String() string { return enumString(stateTexts, "State", s) }

// MarshalText returns the state's name; a foreign number is an error.
func (s State) MarshalText() ([]byte, error) { return enumText(stateTexts, "State", s) }

// UnmarshalText reads exactly one of the states' names.
func (s *State) UnmarshalText(text []byte) (err error) {
	*s, err = enumParse[State](stateTexts, "state", string(text))
	return err
}

// IsRecord reports whether the state is that of a record that exists.
func (s State) IsRecord() bool {
	return s == StateDeclared || s == StateFinal || s == StateTransferred
}

// Step is a step of the lifecycle.
type Step uint8

// The steps of a record's life.
const (
	StepUnknown  Step = iota
	StepUpload        // store the bytes
	StepClassify      // give class, schedule and details
	StepFinalize      // make the content immutable
	StepAmend         // change the content: new version, replaced or removed version
	StepRemove        // take away what never became a record
	StepTransfer      // hand over, acknowledged
	StepDestroy       // destroy under the schedule
)

var stepTexts = []string{"unknown", "upload", "classify", "finalize", "amend", "remove", "transfer", "destroy"}

// String names the step; it is total.
func (s Step) String() string { return enumString(stepTexts, "Step", s) }

// MarshalText returns the step's name; a foreign number is an error.
func (s Step) MarshalText() ([]byte, error) { return enumText(stepTexts, "Step", s) }

// UnmarshalText reads exactly one of the steps' names.
func (s *Step) UnmarshalText(text []byte) (err error) {
	*s, err = enumParse[Step](stepTexts, "step", string(text))
	return err
}

// lifecycle lists each step that exists. A pair that is missing is refused;
// refusal says why.
var lifecycle = map[State]map[Step]State{
	StateAbsent: {
		StepUpload: StateIncomplete,
	},
	StateIncomplete: {
		StepUpload:   StateIncomplete,
		StepClassify: StateDeclared,
		StepAmend:    StateIncomplete,
		StepRemove:   StateAbsent,
	},
	StateDeclared: {
		StepClassify: StateDeclared,
		StepFinalize: StateFinal,
		StepAmend:    StateDeclared,
		StepTransfer: StateTransferred,
		StepDestroy:  StateDestroyed,
	},
	StateFinal: {
		StepFinalize: StateFinal,
		StepTransfer: StateTransferred,
		StepDestroy:  StateDestroyed,
	},
	StateTransferred: {
		StepTransfer: StateTransferred,
		StepDestroy:  StateDestroyed,
	},
	StateDestroyed: {
		StepDestroy: StateDestroyed,
	},
}

// Next returns the state that a step leads to. It is total: a step that the
// lifecycle lacks keeps the state and returns an error that matches
// ErrStateUnknown, ErrDisposed, ErrFinal, ErrNotClassified or ErrTransition.
// Holds, approval and retention are not its concern; [CanDeclare], [CanHold]
// and [CanDispose] ask for them. A step that repeats a finished one is no error.
func Next(s State, step Step) (State, error) {
	if next, ok := lifecycle[s][step]; ok {
		return next, nil
	}
	return s, refuse(refusal(s, step), "%s in state %s", step, s)
}

func refusal(s State, step Step) error {
	known := step != StepUnknown && int(step) < len(stepTexts)
	switch s {
	case StateDestroyed:
		return ErrDisposed
	case StateTransferred:
		return ErrDisposed
	case StateFinal:
		if known {
			return ErrFinal
		}
		return ErrTransition
	case StateIncomplete:
		if known {
			return ErrNotClassified
		}
		return ErrTransition
	case StateAbsent, StateDeclared:
		return ErrTransition
	case StateUnknown:
		return ErrStateUnknown
	default:
		return ErrStateUnknown
	}
}
