package smint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// DataType is the type of a property's value. The list is open.
type DataType string

// The data types.
const (
	TypeString           DataType = "string"
	TypeStringArray      DataType = "string_array"
	TypeInt              DataType = "int"
	TypeDecimal          DataType = "decimal"
	TypeBoolean          DataType = "boolean"
	TypeDateTime         DataType = "date_time"
	TypeEnum             DataType = "enum"
	TypeEnumArray        DataType = "enum_array"
	TypeDataObject       DataType = "data_object"
	TypeDataObjectArray  DataType = "data_object_array"
	TypeLocalizedStrings DataType = "localized_strings_model"
	TypeLocalizedArrays  DataType = "localized_strings_array_model"
	TypeCurrency         DataType = "currency_model"
	TypeGeoLocation      DataType = "geo_location_model"
)

// Known tells whether this version knows the value.
func (t DataType) Known() bool {
	switch t {
	case TypeString, TypeStringArray, TypeInt, TypeDecimal, TypeBoolean, TypeDateTime, TypeEnum, TypeEnumArray, TypeDataObject,
		TypeDataObjectArray, TypeLocalizedStrings, TypeLocalizedArrays, TypeCurrency, TypeGeoLocation:
		return true
	}
	return false
}

// DataObject is a list of properties under a uuid: an asset, or a part of one.
type DataObject struct {
	UUID       string
	Properties []Property
	// Faults tell of properties that cannot be read; the others can.
	Faults []error
	// Raw is the object as it came, byte for byte.
	Raw json.RawMessage
}

// Property is one property of a data object.
type Property struct {
	Key      string
	DataType DataType
	// Value is the value's own JSON; nil if it is null or was not sent.
	Value json.RawMessage
	// Objects are the data objects of the value, if its type says so.
	Objects []DataObject
	// Raw is the property as it came, byte for byte.
	Raw json.RawMessage
}

// PropertyCodec reads and writes one property. The vendor does not publish
// their form; the default has the value stand under the name of its type:
//
//	{"key": "name", "dataType": "string", "stringValue": "Contract"}
//
// Data objects within a value are read by the client, with the same codec.
type PropertyCodec struct {
	// Decode fills key, type and value of a property.
	Decode func(element json.RawMessage) (Property, error)
	// Encode writes a property whose Raw is empty.
	Encode func(p Property) (json.RawMessage, error)
}

// Property returns the first property of that key, whatever its case.
func (o DataObject) Property(key string) (Property, bool) {
	for _, p := range o.Properties {
		if strings.EqualFold(p.Key, key) {
			return p, true
		}
	}
	return Property{}, false
}

// Text is the value as a text, empty if it is none.
func (p Property) Text() string {
	var s *string
	if json.Unmarshal(p.Value, &s) == nil && s != nil {
		return *s
	}
	return ""
}

// Texts are the values as texts: of a list its members, of a text itself.
func (p Property) Texts() []string {
	var list []string
	if json.Unmarshal(p.Value, &list) == nil {
		return list
	}
	if s := p.Text(); s != "" {
		return []string{s}
	}
	return nil
}

// Int is the value as a whole number, nil if it is none.
func (p Property) Int() *int64 { return valueOf[int64](p) }

// Decimal is the value as a number with all its digits, nil if it is none.
func (p Property) Decimal() *json.Number {
	if len(p.Value) > 0 && p.Value[0] == '"' {
		return nil
	}
	return valueOf[json.Number](p)
}

// Bool is the value as a flag: nil if it was not sent, which is not false.
func (p Property) Bool() *bool { return valueOf[bool](p) }

// Time is the value as an instant in UTC, nil if it is none.
func (p Property) Time() *time.Time {
	t := valueOf[time.Time](p)
	if t != nil {
		*t = t.UTC()
	}
	return t
}

// Localized is the value as a text in several cultures.
func (p Property) Localized() LocalizedMap {
	var m LocalizedMap
	if json.Unmarshal(p.Value, &m) != nil {
		return nil
	}
	return m
}

func valueOf[T any](p Property) *T {
	var v *T
	if json.Unmarshal(p.Value, &v) != nil {
		return nil
	}
	return v
}

// DecodeDataObject reads a data object with the client's codec. Properties
// that cannot be read are in its Faults; an error means that it is no data
// object at all.
func (s *PortalsService) DecodeDataObject(raw json.RawMessage) (DataObject, error) {
	return s.portal.Codec.object(raw, 0)
}

// EncodeDataObject writes a data object with the client's codec. What came
// from the server, and has its Raw, goes back byte for byte.
func (s *PortalsService) EncodeDataObject(o DataObject) (json.RawMessage, error) {
	return s.portal.Codec.encode(o)
}

// maxDepth bounds objects within objects.
const maxDepth = 32

func (c PropertyCodec) object(raw json.RawMessage, depth int) (DataObject, error) {
	var wire *struct {
		UUID       json.RawMessage   `json:"uuid"`
		Properties []json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return DataObject{}, err
	}
	if wire == nil {
		return DataObject{}, errors.New("null is no data object")
	}
	if depth > maxDepth {
		return DataObject{}, fmt.Errorf("data objects within data objects, more than %d deep", maxDepth)
	}
	uuid, err := opaque(wire.UUID)
	if err != nil {
		return DataObject{}, err
	}
	o := DataObject{UUID: uuid, Raw: bytes.Clone(raw)}
	for i, element := range wire.Properties {
		p, err := c.property(element, depth)
		if err != nil {
			o.Faults = append(o.Faults, fmt.Errorf("property %d: %w", i+1, err))
			continue
		}
		for _, inner := range p.Objects {
			for _, fault := range inner.Faults {
				o.Faults = append(o.Faults, fmt.Errorf("%s: %w", p.Key, fault))
			}
		}
		o.Properties = append(o.Properties, p)
	}
	return o, nil
}

func (c PropertyCodec) property(element json.RawMessage, depth int) (Property, error) {
	p, err := c.Decode(element)
	if err != nil {
		return p, err
	}
	if p.Key == "" {
		return p, errors.New("it has no key")
	}
	p.Raw = bytes.Clone(element)
	if p.Value == nil || p.Objects != nil {
		return p, nil
	}
	var objects []json.RawMessage
	switch p.DataType {
	case TypeDataObject:
		objects = []json.RawMessage{p.Value}
	case TypeDataObjectArray:
		if err := json.Unmarshal(p.Value, &objects); err != nil {
			return p, fmt.Errorf("%s: %w", p.Key, err)
		}
	default:
		return p, nil
	}
	for _, raw := range objects {
		inner, err := c.object(raw, depth+1)
		if err != nil {
			return p, fmt.Errorf("%s: %w", p.Key, err)
		}
		p.Objects = append(p.Objects, inner)
	}
	return p, nil
}

func (c PropertyCodec) encode(o DataObject) (json.RawMessage, error) {
	if o.Raw != nil {
		return o.Raw, nil
	}
	elements := make([]json.RawMessage, 0, len(o.Properties))
	for _, p := range o.Properties {
		element := p.Raw
		if element == nil {
			var err error
			if p, err = c.fold(p); err != nil {
				return nil, err
			}
			if element, err = c.Encode(p); err != nil {
				return nil, fmt.Errorf("property %s: %w", p.Key, err)
			}
		}
		elements = append(elements, element)
	}
	text, err := jsonText(struct {
		UUID       string            `json:"uuid"`
		Properties []json.RawMessage `json:"properties"`
	}{o.UUID, elements})
	return json.RawMessage(text), err
}

// fold writes the objects of a property into its value.
func (c PropertyCodec) fold(p Property) (Property, error) {
	if p.Value != nil || p.Objects == nil {
		return p, nil
	}
	objects := make([]json.RawMessage, 0, len(p.Objects))
	for _, o := range p.Objects {
		raw, err := c.encode(o)
		if err != nil {
			return p, err
		}
		objects = append(objects, raw)
	}
	if p.DataType == TypeDataObject && len(objects) == 1 {
		p.Value = objects[0]
		return p, nil
	}
	text, err := jsonText(objects)
	p.Value = json.RawMessage(text)
	return p, err
}
