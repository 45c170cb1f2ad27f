package sync_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
)

// set is a person who changes an attribute of a record in ECM.
func (p *plainECM) set(w *world, node int64, name, value string) {
	p.t.Helper()
	form := url.Values{w.attribute(name): {value}}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPut, fmt.Sprintf("%s/v2/nodes/%d/categories/%d/", p.base, node, w.category), strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	r.Header.Set("OTCSTicket", p.ticket)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.client.Do(r)
	require.NoError(p.t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Equal(p.t, http.StatusOK, resp.StatusCode, "%s", b)
}

// attribute is what ECM itself says of an attribute of a record.
func (p *plainECM) attribute(w *world, node int64, name string) string {
	p.t.Helper()
	var answer struct {
		Results []struct {
			Data struct {
				Categories map[string]any `json:"categories"`
			} `json:"data"`
		} `json:"results"`
	}
	p.json(fmt.Sprintf("/v2/nodes/%d/categories/%d", node, w.category), &answer)
	require.Len(p.t, answer.Results, 1)
	value := answer.Results[0].Data.Categories[w.attribute(name)]
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// plainPortal asks the portal with nothing but net/http.
type plainPortal struct {
	t           *testing.T
	base, token string
	client      *http.Client
}

func (w *world) plainPortal() *plainPortal {
	return &plainPortal{w.t, w.smint.Endpoints().Portals, w.smint.AccessToken(""), &http.Client{Transport: w.smint.Transport()}}
}

// execute calls a method of a public API interface and returns status and
// result.
func (p *plainPortal) execute(iface, method string, argument any) (int, string) {
	p.t.Helper()
	text, err := json.Marshal(argument)
	require.NoError(p.t, err)
	body, err := json.Marshal([]string{string(text)})
	require.NoError(p.t, err)
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost,
		p.base+"/portals/"+testserver.PortalUUID+"/portalsContext/"+iface+"/execute/"+method, strings.NewReader(string(body)))
	require.NoError(p.t, err)
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(r)
	require.NoError(p.t, err)
	var task struct {
		Result string `json:"result_string"`
	}
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	_ = json.Unmarshal(b, &task)
	return resp.StatusCode, task.Result
}

// asset is what the portal shows of an asset; nothing if it does not show it.
func (p *plainPortal) asset(id string) string {
	p.t.Helper()
	status, result := p.execute("IAssetsRead", "getAssetAsync", map[string]any{"assetId": map[string]string{"id": id}})
	if status == http.StatusNotFound {
		return ""
	}
	require.Equal(p.t, http.StatusOK, status)
	return result
}

// attribute is the text of a raw attribute that the portal shows.
func (p *plainPortal) attribute(id, key string) string {
	p.t.Helper()
	var answer struct {
		Asset struct {
			Properties []struct {
				Key     string `json:"key"`
				Objects []struct {
					Properties []struct {
						Key  string `json:"key"`
						Text string `json:"stringValue"`
					} `json:"properties"`
				} `json:"dataObjectArrayValue"`
			} `json:"properties"`
		} `json:"assetDataObject"`
	}
	require.NoError(p.t, json.Unmarshal([]byte(p.asset(id)), &answer))
	for _, property := range answer.Asset.Properties {
		for _, o := range property.Objects {
			for _, a := range o.Properties {
				if property.Key == "rawData" && a.Key == key {
					return a.Text
				}
			}
		}
	}
	return ""
}

// post is a person's act in ECM, by a form.
func (p *plainECM) post(path string, fields map[string]string) {
	p.t.Helper()
	form := url.Values{}
	for k, v := range fields {
		form.Set(k, v)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+path, strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	r.Header.Set("OTCSTicket", p.ticket)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.client.Do(r)
	require.NoError(p.t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Equal(p.t, http.StatusOK, resp.StatusCode, "%s: %s", path, b)
}
