package smint_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

func TestPortals_OpenAsset(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	id := p.put(t, "otcs-1", "image", nil, jpeg)
	c, err := p.c.Portals.OpenAsset(t.Context(), portal, id, "", nil)
	require.NoError(t, err)
	require.EqualValues(t, len(jpeg), c.Size)
	b, err := read(t, c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(jpeg, b))

	_, err = p.c.Portals.OpenAsset(t.Context(), portal, id, "Preview", nil)
	require.ErrorIs(t, err, smint.ErrNoFile)
	expired := p.put(t, "otcs-2", "image", testserver.SmintJSON{"permissions": []any{"search", "read_details"}}, jpeg)
	_, err = p.c.Portals.OpenAsset(t.Context(), portal, expired, "", nil)
	require.ErrorIs(t, err, smint.ErrDenied, "nothing may be downloaded")
	_, err = p.c.Portals.OpenAsset(t.Context(), portal, "99:image:gone", "", nil)
	require.ErrorIs(t, err, smint.ErrNotFound)
}

func TestPortals_DownloadsOfSeveralAssets(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	ids := []smint.AssetID{p.put(t, "otcs-1", "image", nil, jpeg), p.put(t, "otcs-2", "document", nil, []byte("two"))}
	groups, err := p.c.Portals.DownloadGroups(t.Context(), portal, ids, nil)
	require.NoError(t, err)
	require.Len(t, groups, 2)
	require.EqualValues(t, len(jpeg), *groups[0].Items[0].Size)
	var items []smint.DownloadItem
	for _, g := range groups {
		items = append(items, g.Items...)
	}
	address, err := p.c.Portals.InitiateDownload(t.Context(), portal, smint.DownloadRequest{AssetIDs: ids, Items: items}, nil)
	require.NoError(t, err)
	require.Equal(t, "[redacted]", address.String(), "the address is a credential")
	c, err := p.c.Portals.Fetch(t.Context(), address)
	require.NoError(t, err)
	b, err := read(t, c)
	require.NoError(t, err)
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Len(t, archive.File, 2)
	address, err = p.c.Portals.InitiateDownload(t.Context(), portal, smint.DownloadRequest{AssetIDs: ids, Items: items, Later: true}, nil)
	require.NoError(t, err)
	require.Empty(t, address.Reveal(), "the user gets a link instead")
	_, err = p.c.Portals.InitiateDownload(t.Context(), portal, smint.DownloadRequest{}, nil)
	require.ErrorIs(t, err, smint.ErrInvalid)
	groups, err = p.c.Portals.DownloadGroups(t.Context(), portal, append(ids, "99:image:gone"), nil)
	require.ErrorIs(t, err, smint.ErrFailedSteps)
	require.Len(t, groups, 2, "the others go on")
}

func TestPortals_ADownloadThatLiesAboutItsLength(t *testing.T) {
	t.Parallel()
	const ticket = "GET /storage/portal/{ticket}"
	announces := func(size int) testserver.SmintJSON {
		return testserver.SmintJSON{"file": testserver.SmintJSON{"file_size_in_bytes": size}}
	}
	for name, row := range map[string]struct {
		patch testserver.SmintJSON
		fault *testserver.Fault
		want  error
	}{
		"the portal announced more": {announces(len(jpeg) + 1), nil, smint.ErrLength},
		"the portal announced less": {announces(len(jpeg) - 1), nil, smint.ErrLength},
		"it ends early":             {nil, &testserver.Fault{Route: ticket, Kind: testserver.Truncate}, smint.ErrTruncated},
		"half passes for the whole": {nil, &testserver.Fault{Route: ticket, Kind: testserver.Cut}, smint.ErrLength},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortalTenant(t, nil, nil)
			id, other := p.put(t, "otcs-1", "image", row.patch, jpeg), p.put(t, "otcs-2", "image", nil, jpeg)
			if row.fault != nil {
				p.Fail(*row.fault)
			}
			c, err := p.c.Portals.OpenAsset(t.Context(), portal, id, "", nil)
			if err == nil {
				_, err = read(t, c)
			}
			require.ErrorIs(t, err, row.want)
			c, err = p.c.Portals.OpenAsset(t.Context(), portal, other, "", nil)
			require.NoError(t, err, "the other assets go on")
			_, err = read(t, c)
			require.NoError(t, err)
		})
	}
	p := newPortalTenant(t, nil, nil)
	id := p.put(t, "otcs-1", "image", announces(0), jpeg)
	c, err := p.c.Portals.OpenAsset(t.Context(), portal, id, "", nil)
	require.NoError(t, err, "a length of 0 says nothing")
	require.EqualValues(t, len(jpeg), c.Size)
	require.NoError(t, c.Close())
}

func TestPortals_ADownloadFromAForeignHostIsRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://169.254.169.254/latest", "http://storage.acme.example/x", "https://elsewhere.example/x", "https://u:p@storage.acme.example/x"} {
		p := newPortalTenant(t, nil, nil)
		id := p.put(t, "otcs-1", "image", nil, jpeg)
		p.answers("initiateAssetsDownloadForAssetsAsync", `{"assetDownloadUrl":{"url":"`+url+`"}}`)
		_, err := p.c.Portals.OpenAsset(t.Context(), portal, id, "", nil)
		require.ErrorIs(t, err, smint.ErrFetchRefused, url)
	}
	p := newPortalTenant(t, nil, nil)
	id := p.put(t, "otcs-1", "image", nil, jpeg)
	p.answers("initiateAssetsDownloadForAssetsAsync", `{"assetDownloadUrl":null}`)
	_, err := p.c.Portals.OpenAsset(t.Context(), portal, id, "", nil)
	require.ErrorIs(t, err, smint.ErrNoFile)
}
