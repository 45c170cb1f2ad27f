package smint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/smintecm/sdk/internal/rest"
)

// ErrLength tells that a download has another length than the portal announced.
var ErrLength = errors.New("download of another length than announced")

// ItemOriginal is the download item of an asset's original file.
const ItemOriginal = "Original"

// DownloadGroup is a group of files that a user may download.
type DownloadGroup struct {
	ID   string `json:"groupId"`
	Name string `json:"groupName"`
	// Immediately is false if the user gets a link instead.
	Immediately *bool          `json:"immediatelyDownload"`
	Items       []DownloadItem `json:"assetDownloadItems"`
	// Raw is the group as it came, byte for byte.
	Raw json.RawMessage `json:"-"`
}

// DownloadItem is one form in which assets can be downloaded.
type DownloadItem struct {
	GroupID string `json:"groupId"`
	// ItemID names the form, as "Original".
	ItemID      string `json:"itemId"`
	Description string `json:"description"`
	Count       *int   `json:"count"`
	// Size is that of all its files together, in bytes.
	Size              *int64    `json:"fileSizeInBytes"`
	SelectedByDefault *bool     `json:"selectedByDefault"`
	MaxCountExceeded  *bool     `json:"maxAssetCountExceeded"`
	AssetIDs          []AssetID `json:"assetIds"`
	// Raw is the item as it came; that is how it goes back.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads an item and keeps its bytes.
func (i *DownloadItem) UnmarshalJSON(b []byte) error {
	type plain DownloadItem
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*i = DownloadItem(p)
	i.Raw = bytes.Clone(b)
	return nil
}

// DownloadGroups asks what may be downloaded of some assets and waits for the
// task that finds it out. Assets that are in no item may not be downloaded. If
// steps failed, the groups that there are come together with ErrFailedSteps.
//
// API: POST .../IAssetsDownload/execute/getAssetsDownloadsForAssetsAsync.
func (s *PortalsService) DownloadGroups(ctx context.Context, p Portal, ids []AssetID, opts *ReadOptions) ([]DownloadGroup, error) {
	const method = "getAssetsDownloadsForAssetsAsync"
	if err := checkIDs("Portals."+method, ids); err != nil {
		return nil, err
	}
	answer, err := read[struct {
		Groups []json.RawMessage `json:"assetDownloadGroups"`
	}](ctx, s, p, InterfaceDownload, method, struct {
		AssetIDs []idArgument `json:"assetIds"`
		shareArguments
	}{idArguments(ids), opts.share()})
	if err != nil && !errors.Is(err, ErrFailedSteps) {
		return nil, err
	}
	groups := make([]DownloadGroup, 0, len(answer.Groups))
	for _, raw := range answer.Groups {
		var g DownloadGroup
		if broken := json.Unmarshal(raw, &g); broken != nil {
			return nil, &Error{Op: "Portals." + method, Method: "POST", StatusCode: 200, Message: "assetDownloadGroups", Err: fmt.Errorf("%w: %w", ErrBrokenReply, broken)}
		}
		g.Raw = bytes.Clone(raw)
		groups = append(groups, g)
	}
	return groups, err
}

// DownloadRequest begins a download of assets in some of their forms.
type DownloadRequest struct {
	AssetIDs []AssetID
	// Items are as DownloadGroups gave them.
	Items []DownloadItem
	// Later has a link sent to the user instead of answering the address.
	Later bool
}

// InitiateDownload begins a download, waits for its task and returns the
// address, which is secret: one file of one asset, or an archive of several. It
// is empty if the link is sent to the user. Fetch it with
// [PortalsService.Fetch]. A download that is not granted is ErrDenied.
//
// API: POST .../IAssetsDownload/execute/initiateAssetsDownloadForAssetsAsync.
func (s *PortalsService) InitiateDownload(ctx context.Context, p Portal, req DownloadRequest, opts *ReadOptions) (Secret, error) {
	const method = "initiateAssetsDownloadForAssetsAsync"
	if err := checkIDs("Portals."+method, req.AssetIDs); err != nil {
		return "", err
	}
	var faults rest.Problems
	if len(req.Items) == 0 {
		faults.Add("items", 0, "at least one item of DownloadGroups")
	}
	if err := faults.Err("Portals." + method); err != nil {
		return "", err
	}
	items := make([]json.RawMessage, 0, len(req.Items))
	for _, i := range req.Items {
		raw := i.Raw
		if raw == nil {
			text, err := jsonText(i)
			if err != nil {
				return "", err
			}
			raw = json.RawMessage(text)
		}
		items = append(items, raw)
	}
	answer, err := read[struct {
		Address *struct {
			URL Secret `json:"url"`
		} `json:"assetDownloadUrl"`
	}](ctx, s, p, InterfaceDownload, method, struct {
		AssetIDs    []idArgument      `json:"assetIds"`
		Items       []json.RawMessage `json:"assetDownloadItems"`
		Immediately bool              `json:"immediatelyDownload"`
		shareArguments
	}{idArguments(req.AssetIDs), items, !req.Later, opts.share()})
	if err != nil {
		return "", err
	}
	if answer.Address == nil || answer.Address.URL == "" {
		if req.Later {
			return "", nil
		}
		return "", &Error{Op: "Portals." + method, Method: "POST", StatusCode: 200, Message: "no address", Err: ErrNoFile}
	}
	return answer.Address.URL, nil
}

// Fetch opens an address that InitiateDownload gave, under the client's
// [FetchPolicy]. Nothing is buffered; cancel ctx to break off.
func (s *PortalsService) Fetch(ctx context.Context, address Secret) (*Content, error) {
	return (*DownloadsService)(s).open(ctx, address, nil)
}

// OpenAsset opens one form of one asset, by default its original: it asks for
// what may be downloaded, begins the download and opens its address. What
// arrives must have the length that the portal announced, or the read ends in
// ErrLength. Errors: ErrNotFound, ErrDenied if nothing may be downloaded,
// ErrNoFile if there is no such form, ErrFetchRefused, ErrTooLarge, and those
// of tasks.
//
// API: POST .../IAssetsDownload/execute/getAssetsDownloadsForAssetsAsync,
// POST .../IAssetsDownload/execute/initiateAssetsDownloadForAssetsAsync.
func (s *PortalsService) OpenAsset(ctx context.Context, p Portal, id AssetID, item string, opts *ReadOptions) (*Content, error) {
	if item == "" {
		item = ItemOriginal
	}
	groups, err := s.DownloadGroups(ctx, p, []AssetID{id}, opts)
	if err != nil {
		return nil, err
	}
	found, granted := DownloadItem{}, false
	for _, g := range groups {
		for _, i := range g.Items {
			granted = true
			if i.ItemID == item && (i.AssetIDs == nil || len(i.AssetIDs) == 1 && i.AssetIDs[0] == id) {
				found = i
			}
		}
	}
	if found.ItemID == "" {
		missing := &Error{Op: "Portals.OpenAsset", Message: fmt.Sprintf("asset %s, item %q", id, item), Err: ErrNoFile}
		if !granted {
			missing.Err = ErrDenied
		}
		return nil, missing
	}
	address, err := s.InitiateDownload(ctx, p, DownloadRequest{AssetIDs: []AssetID{id}, Items: []DownloadItem{found}}, opts)
	if err != nil {
		return nil, err
	}
	c, err := s.Fetch(ctx, address)
	if err != nil {
		return nil, err
	}
	return c.announced(found.Size)
}

// announced holds a content to the length that somebody else announced.
func (c *Content) announced(size *int64) (*Content, error) {
	if size == nil || *size <= 0 {
		return c, nil
	}
	if c.Size >= 0 && c.Size != *size {
		err := fmt.Errorf("smint: %w: %d bytes, not %d", ErrLength, c.Size, *size)
		return nil, errors.Join(err, c.Close())
	}
	c.Size = *size
	c.ReadCloser = &measured{ReadCloser: c.ReadCloser, size: *size}
	return c, nil
}

// measured ends in ErrLength unless it gives exactly its size.
type measured struct {
	io.ReadCloser
	size, read int64
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.read += int64(n)
	if m.read > m.size || (err == io.EOF && m.read < m.size) {
		return n, fmt.Errorf("%w: %d of %d bytes", ErrLength, m.read, m.size)
	}
	return n, err
}
