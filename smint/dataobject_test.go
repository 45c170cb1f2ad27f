package smint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint"
)

const oddObject = ` {"uuid": "a", "later": {"x": 1e400},
  "properties": [
    {"Key":"Price","DataType":"currency_model","CurrencyValue":{"amount":1.10,"currency":"EUR"},"more":[ 1 ]},
    {"key":"where","dataType":"geo_location_model","geoLocationValue":null},
    {"key":"untyped","textValue":"t","numberValue":null},
    {"key":"novel","dataType":"hologram","hologramValue":{"z":[ ]}},
    {"key":"takes","dataType":"int","intValue":12345678901234567},
    {"key":"ratio","dataType":"decimal","decimalValue":1.330000000000000000001},
    {"key":"at","dataType":"date_time","dateTimeValue":"2025-02-30T00:00:00Z"},
    {"key":"flag","dataType":"boolean"},
    {"key":"tags","dataType":"localized_strings_array_model","localizedStringsArrayValue":{"en":["a"]}},
    {"key":"inner","dataType":"data_object","dataObjectValue":{"uuid":7,"properties":[{"key":"x","dataType":"string","stringValue":"y"},{}]}},
    {"dataType":"string","stringValue":"no key"}, 7, {"key":"two","aValue":1,"bValue":2},
    {"key":"deep","dataType":"data_object_array","dataObjectArrayValue":{"not":"a list"}} ]} `

func TestDataObject_KeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	c := newPortalTenant(t, nil, nil).c.Portals
	o, err := c.DecodeDataObject(json.RawMessage(oddObject))
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte(oddObject), o.Raw), "byte for byte")
	get := func(key string) smint.Property {
		p, ok := o.Property(key)
		require.True(t, ok, key)
		return p
	}
	require.Contains(t, oddObject, string(get("price").Raw)+",\n", "byte for byte")
	require.JSONEq(t, `{"amount":1.10,"currency":"EUR"}`, string(get("price").Value), "names match whatever their case")
	require.Nil(t, get("where").Value, "null is no value")
	require.Equal(t, "t", get("untyped").Text())
	require.Len(t, get("novel").Value, len(`{"z":[ ]}`))
	require.False(t, get("novel").DataType.Known())
	require.EqualValues(t, 12345678901234567, *get("takes").Int())
	require.Equal(t, "1.330000000000000000001", get("ratio").Decimal().String(), "no digit is lost")
	require.Nil(t, get("at").Time(), "an impossible date is no date")
	require.Nil(t, get("flag").Bool(), "absent is not false")
	require.Nil(t, get("takes").Bool())
	require.Nil(t, get("untyped").Decimal())
	inner := get("inner").Objects[0]
	require.Equal(t, "7", inner.UUID)
	x, _ := inner.Property("X")
	require.Equal(t, []string{"y"}, x.Texts())
	require.Len(t, o.Faults, 5, "%v", o.Faults)
	require.Len(t, o.Properties, 10)

	back, err := c.EncodeDataObject(o)
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte(oddObject), back), "what came goes back as it came")
	for _, bad := range []string{"null", "7", "", `{"uuid":{}}`, `{"uuid":"a","properties":{}}`, strings.Repeat(`{"uuid":"a","properties":[{"key":"o","dataType":"data_object","dataObjectValue":`, 40) + "null" + strings.Repeat("}]}", 40)} {
		o, err := c.DecodeDataObject(json.RawMessage(bad))
		require.True(t, err != nil || len(o.Faults) > 0, bad)
	}
}

func TestDataObject_WrittenInTheDefaultForm(t *testing.T) {
	t.Parallel()
	c := newPortalTenant(t, nil, nil).c.Portals
	name, err := json.Marshal(smint.LocalizedMap{{Culture: "x-default", Value: "A <b> \"c\""}, {Culture: "de", Value: "D"}, {Culture: "de", Value: "E"}})
	require.NoError(t, err)
	raw, err := c.EncodeDataObject(smint.DataObject{UUID: "a", Properties: []smint.Property{
		{Key: "name", DataType: smint.TypeLocalizedStrings, Value: name},
		{Key: "none", DataType: smint.TypeString},
		{Key: "inner", DataType: smint.TypeDataObject, Objects: []smint.DataObject{{UUID: "i"}}},
		{Key: "list", DataType: smint.TypeDataObjectArray, Objects: []smint.DataObject{{UUID: "j"}, {UUID: "k"}}},
	}})
	require.NoError(t, err)
	require.JSONEq(t, `{"uuid":"a","properties":[
		{"key":"name","dataType":"localized_strings_model","localizedStringsValue":{"x-default":"A <b> \"c\"","de":"D"}},
		{"key":"none","dataType":"string","stringValue":null},
		{"key":"inner","dataType":"data_object","dataObjectValue":{"uuid":"i","properties":[]}},
		{"key":"list","dataType":"data_object_array","dataObjectArrayValue":[{"uuid":"j","properties":[]},{"uuid":"k","properties":[]}]}]}`, string(raw))
	o, err := c.DecodeDataObject(raw)
	require.NoError(t, err)
	require.Empty(t, o.Faults)
	list, _ := o.Property("list")
	require.Len(t, list.Objects, 2)
	for _, bad := range []smint.Property{{}, {Key: "a"}, {Key: "a", DataType: "string", Value: json.RawMessage("{")}} {
		_, err := c.EncodeDataObject(smint.DataObject{Properties: []smint.Property{bad}})
		require.Error(t, err)
	}
}

func TestDataObject_TheCodecIsReplaceable(t *testing.T) {
	t.Parallel()
	c := newPortalTenant(t, nil, func(s *smint.PortalSettings) {
		s.Codec = smint.PropertyCodec{
			Decode: func(element json.RawMessage) (smint.Property, error) {
				var pair []json.RawMessage
				if err := json.Unmarshal(element, &pair); err != nil || len(pair) != 2 {
					return smint.Property{}, fmt.Errorf("no pair: %w", err)
				}
				p := smint.Property{Value: pair[1]}
				return p, json.Unmarshal(pair[0], &p.Key)
			},
			Encode: func(p smint.Property) (json.RawMessage, error) { return json.Marshal([]any{p.Key, p.Value}) },
		}
	}).c.Portals
	a, err := c.DecodeAsset(json.RawMessage(`{"uuid":"99:image:1","properties":[["version","7"],["eTag",4]]}`))
	require.NoError(t, err)
	require.Equal(t, smint.Revision{Version: "7", ETag: "4"}, a.Revision())
	require.False(t, smint.Revision{}.Known())
	raw, err := c.EncodeDataObject(smint.DataObject{UUID: "u", Properties: []smint.Property{{Key: "k", Value: json.RawMessage("1")}}})
	require.NoError(t, err)
	require.JSONEq(t, `{"uuid":"u","properties":[["k",1]]}`, string(raw))
}

func TestAsset_FaultsOfOnePropertyLeaveTheOthers(t *testing.T) {
	t.Parallel()
	c := newPortalTenant(t, nil, nil).c.Portals
	a, err := c.DecodeAsset(json.RawMessage(`{"uuid":"99:image:1","properties":[
		{"key":"version","dataType":"string","stringValue":["x"]},{"key":"publishUntil","dataType":"date_time","dateTimeValue":"soon"},
		{"key":"permissionUuids","dataType":"string_array","stringArrayValue":"all"},{"key":"name","dataType":"localized_strings_model","localizedStringsValue":[{"culture":"en","value":"N"}]},
		{"key":"description","dataType":"localized_strings_model","localizedStringsValue":{"en":null,"de":"D"}},
		{"key":"fileMetadata","dataType":"data_object","dataObjectValue":{"uuid":"f","properties":[{"key":"fileSizeInBytes","dataType":"int","intValue":"many"},{"key":"title","dataType":"localized_strings_model","localizedStringsValue":{"en":"T"}}]}},
		{"key":"eTag","dataType":"string","stringValue":"e"}]}`))
	require.NoError(t, err)
	require.Len(t, a.Faults, 4, "%v", a.Faults)
	require.Equal(t, "e", a.ETag)
	require.Nil(t, a.PublishUntil)
	require.Nil(t, c.May(a, smint.MaySearch), "nobody can say what is permitted")
	require.Equal(t, "N", a.Name.In("de"), "the list of the licensing API is read too")
	require.Equal(t, "D", a.Description.In("en"))
	require.Equal(t, "T", a.File.Title)
	require.Nil(t, a.File.Size)
	_, err = c.DecodeAsset(json.RawMessage(`{"properties":[]}`))
	require.ErrorIs(t, err, smint.ErrBrokenItem)
}

func FuzzDecodeAsset(f *testing.F) {
	f.Add([]byte(oddObject))
	f.Add([]byte(`{"uuid":"99:image:1","properties":[{"key":"rawData","dataType":"data_object_array","dataObjectArrayValue":[{"uuid":"r","properties":[]}]}]}`))
	ends, err := smint.Tenant("acme")
	require.NoError(f, err)
	c, err := smint.New(ends, smint.Login{ClientID: "c", ClientSecret: "s", RefreshToken: "r"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := c.Portals.DecodeAsset(raw)
		if err != nil {
			require.ErrorIs(t, err, smint.ErrBrokenItem)
			return
		}
		require.NotEmpty(t, a.ID)
		require.Equal(t, string(raw), string(a.Raw))
		again, err := c.Portals.DecodeAsset(a.Raw)
		require.NoError(t, err)
		require.Equal(t, a.Revision(), again.Revision())
	})
}
