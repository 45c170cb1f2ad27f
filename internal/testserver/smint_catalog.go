package testserver

import (
	"errors"
	"hash/fnv"
	"io"
	"time"
)

// CatalogOptions size the built-in catalog.
type CatalogOptions struct {
	// LargeMiB is the length of the streamed film in MiB; 0 leaves it out.
	LargeMiB int
	// AssetsDir, if set, takes the regular files of that folder instead of the
	// built-in ones. Each has a royalty-free license, or the one that stands
	// beside it in NAME.license.json, see [SmintLicense].
	AssetsDir string
}

// The transactions of the built-in catalog.
const (
	CatalogPicture     = "79401" // royalty-free, JPEG
	CatalogPNG         = "79402" // royalty-free, PNG
	CatalogReuse       = "79403" // reuses CatalogOriginal, which comes later
	CatalogPDF         = "79404" // royalty-free document
	CatalogFilm        = "79405" // the large stream
	CatalogManaged     = "79406" // rights-managed, with dates and territories
	CatalogEditorial   = "79407" // editorial use only
	CatalogRestrictive = "79408" // restrictive terms
	CatalogAI          = "79409" // AI-generated
	CatalogCompound    = "79410" // three files
	CatalogRevised     = "79411" // its file gets a second version later
	CatalogGIF         = "79412" // royalty-free, GIF
	CatalogCancelled   = "79413" // withdrawn before fulfillment
	CatalogPending     = "79414" // not yet syncable, later syncable
	CatalogExpired     = "79415" // a license that has ended
	CatalogBroken      = "79416" // a download that always breaks off
	CatalogOriginal    = "79417" // what CatalogReuse reuses
)

// SeedCatalog fills the feed with the built-in catalog, or with the files
// of a folder. All dates hang on the fake's clock at this moment, all ids are
// the same on every run. Two purchases change later, at the end of the feed:
// see [Smint.Later].
func SeedCatalog(s *Smint, options CatalogOptions) error {
	if options.AssetsDir != "" {
		return seedAssets(s, options.AssetsDir)
	}
	c := &catalog{smint: s, now: s.Now().UTC().Truncate(time.Second)}
	c.plain(options.LargeMiB)
	c.licensed()
	c.compound()
	c.changing()
	c.refused()
	c.original()
	return errors.Join(c.errs...)
}

type catalog struct {
	smint *Smint
	now   time.Time
	errs  []error
}

func (c *catalog) emit(p SmintPurchase, binaries ...SmintBinary) {
	if p.At.IsZero() {
		p.At = c.now.AddDate(0, 0, -40).Add(time.Duration(c.smint.FeedLength()) * time.Minute)
	}
	if err := c.smint.Emit(p.Payload(), binaries...); err != nil {
		c.errs = append(c.errs, err)
	}
}

// drawn is a generated picture as a file of a purchase.
func (c *catalog) drawn(uuid, name, format string, width, height int, fields SmintJSON) SmintBinary {
	seed := fnv.New64a()
	_, _ = io.WriteString(seed, uuid+name)
	picture := smintPicture{width: width, height: height, seed: seed.Sum64()}
	content, err := c.smint.keepWritten(func(w io.Writer) error { return picture.draw(w, format) })
	if err != nil {
		c.errs = append(c.errs, err)
	}
	return SmintBinary{UUID: "1", Fields: fields, SmintVersion: SmintVersion{FileName: uuid + "_1_" + name, MediaType: "image/" + format, Content: content}}
}

func document(uuid, binary, name string, content []byte, fields SmintJSON) SmintBinary {
	return SmintBinary{
		UUID: binary, Fields: SmintMerge(SmintJSON{"content_type": "document"}, fields),
		SmintVersion: SmintVersion{FileName: uuid + "_" + binary + "_" + name, MediaType: "application/pdf", Content: SmintBytes(content)},
	}
}

// worldwide is what a royalty-free license allows.
func worldwide() SmintJSON {
	return SmintJSON{
		"allowed_usages": []any{"any"}, "allowed_sizes": []any{"any"}, "allowed_placements": []any{"any"}, "allowed_distributions": []any{"any"},
		"allowed_geographies": []any{"any"}, "allowed_industries": []any{"any"}, "allowed_languages": []any{"any"},
	}
}

func royaltyFree() []SmintJSON { return []SmintJSON{SmintTerm(1, "Royalty free", worldwide())} }

func (c *catalog) plain(largeMiB int) {
	c.emit(SmintPurchase{UUID: CatalogPicture, Title: "Hills at noon", German: "Hügel am Mittag", Keywords: []string{"hills", "sun"}, Terms: royaltyFree()},
		c.drawn(CatalogPicture, "hills.jpg", "jpeg", 1200, 800, nil))
	c.emit(SmintPurchase{UUID: CatalogPNG, Provider: "shutterstock", Title: "Icon", Terms: royaltyFree()},
		c.drawn(CatalogPNG, "icon.png", "png", 320, 240, nil))
	c.emit(SmintPurchase{UUID: CatalogReuse, Title: "Bay, for the autumn campaign", Project: "Autumn campaign", Reuses: CatalogOriginal, Terms: royaltyFree()},
		c.bay(CatalogReuse))
	c.emit(SmintPurchase{UUID: CatalogPDF, ContentType: "document", Provider: "adobestock", Title: "Brand guideline", Terms: royaltyFree()},
		document(CatalogPDF, "1", "guideline.pdf", smintPDF("Brand guideline", "Brand guideline\nSpring campaign", "Colors\nGreen, yellow, blue"), nil))
	if largeMiB > 0 {
		film := SmintBinary{UUID: "1", Fields: SmintJSON{"content_type": "video"}, SmintVersion: SmintVersion{
			FileName: CatalogFilm + "_1_film.mp4", MediaType: "video/mp4", Content: SmintStream("film", int64(largeMiB)<<20),
		}}
		c.emit(SmintPurchase{UUID: CatalogFilm, ContentType: "video", Title: "Film", Terms: royaltyFree()}, film)
	}
}

// bay is the file that two purchases share.
func (c *catalog) bay(uuid string) SmintBinary {
	binary := c.drawn(CatalogOriginal, "bay.jpg", "jpeg", 900, 600, nil)
	binary.FileName = uuid + "_1_bay.jpg"
	return binary
}

func (c *catalog) day(days int) string {
	return SmintTime(c.now.Truncate(24*time.Hour).AddDate(0, 0, days))
}

func (c *catalog) licensed() {
	c.emit(
		SmintPurchase{
			UUID: CatalogManaged, Title: "Cathedral", LicenseType: "rights_managed", Restrictive: true, Text: "Rights-managed license, see terms",
			Constraints: SmintJSON{"effective_max_downloads": 10, "effective_max_users": 5},
			Terms: []SmintJSON{
				SmintTerm(1, "Print in German-speaking countries", SmintJSON{
					"allowed_usages": []any{"marketing_promotional_any"}, "allowed_distributions": []any{"channel_print"}, "allowed_sizes": []any{"page_full"},
					"allowed_geographies": []any{"europe_austria", "europe_germany"}, "restricted_industries": []any{"industry_tobacco", "industry_alcohol"},
					"exclusivities": []any{"exclusive_industry"}, "usage_limits": []any{"copy_up_to_1000_copies"},
					"valid_from": c.day(-30), "valid_until": c.day(335), "to_be_used_until": c.day(60),
				}),
				SmintTerm(2, "Web in Europe without Japan", SmintJSON{
					"allowed_usages": []any{"digital_media_any"}, "allowed_distributions": []any{"channel_web"}, "allowed_geographies": []any{"europe_any"},
					"restricted_geographies": []any{"asia_japan"}, "allowed_languages": []any{"language_german", "language_english"},
					"valid_from": c.day(-30), "valid_until": c.day(700),
				}),
			},
		},
		c.drawn(CatalogManaged, "cathedral.jpg", "jpeg", 1600, 1000, nil),
	)
	c.emit(
		SmintPurchase{
			UUID: CatalogEditorial, Category: "editorial", Title: "Election night", Editorial: true,
			Terms: []SmintJSON{SmintTerm(1, "Editorial", SmintMerge(worldwide(), SmintJSON{"allowed_usages": []any{"publishing_editorial_any"}, "is_editorial_use": true}))},
		},
		c.drawn(CatalogEditorial, "election.jpg", "jpeg", 600, 400, nil),
	)
	c.emit(
		SmintPurchase{
			UUID: CatalogRestrictive, Provider: "istock", Title: "Athlete", Restrictive: true,
			Constraints: SmintJSON{"effective_max_downloads": 1, "effective_max_users": 1, "effective_max_reuses": 1},
			Terms: []SmintJSON{SmintTerm(1, "Restricted", SmintMerge(worldwide(), SmintJSON{
				"restricted_usages": []any{"advertising_any"}, "restricted_placements": []any{"page_cover"},
				"restricted_industries": []any{"industry_tobacco", "industry_alcohol", "industry_weapons"}, "restricted_distributions": []any{"third_party_rights"},
			}))},
			Patch: SmintJSON{"content_element": SmintJSON{"release_details": SmintJSON{
				"model_release_state": "not_released", "provider_usage_constraints": SmintText("en", "Not for use in a sensitive context"),
			}}},
		},
		c.drawn(CatalogRestrictive, "athlete.jpg", "jpeg", 800, 600, nil),
	)
	c.emit(SmintPurchase{UUID: CatalogAI, Provider: "adobestock", Title: "Imagined city", AI: true, Terms: royaltyFree()},
		c.drawn(CatalogAI, "city.png", "png", 640, 480, nil))
}

func (c *catalog) compound() {
	release := smintPDF("Model release", "Model release\nSigned by A. Model")
	texts := smintPDF("Bildtext", "Bildtext\nMaus auf weissem Grund")
	c.emit(SmintPurchase{UUID: CatalogCompound, Title: "Mouse", German: "Maus", Terms: royaltyFree()},
		c.drawn(CatalogCompound, "mouse.jpg", "jpeg", 1024, 768, SmintJSON{"name": SmintText("en", "Mouse", "de", "Maus")}),
		document(CatalogCompound, "2", "release.pdf", release, SmintJSON{"name": nil, "description": nil, "usage": SmintText("en", "Release form"), "culture": "en"}),
		document(CatalogCompound, "3", "bildtext.pdf", texts, SmintJSON{"usage": SmintText("de", "Bildtext"), "culture": "de"}),
	)
}

func (c *catalog) changing() {
	c.emit(SmintPurchase{UUID: CatalogRevised, Title: "Map", Terms: royaltyFree()}, c.drawn(CatalogRevised, "map.jpg", "jpeg", 700, 500, nil))
	c.emit(SmintPurchase{UUID: CatalogGIF, Provider: "panthermedia", Title: "Banner", Terms: royaltyFree()},
		c.drawn(CatalogGIF, "banner.gif", "gif", 468, 60, nil))
	c.emit(SmintPurchase{UUID: CatalogPending, Title: "Waiting for its file", Pending: true, Terms: royaltyFree()},
		c.drawn(CatalogPending, "waiting.jpg", "jpeg", 500, 400, nil))
	c.errs = append(
		c.errs,
		c.smint.Later(SmintChange{UUID: CatalogRevised, Binaries: []SmintBinary{c.drawn(CatalogRevised, "map-corrected.jpg", "jpeg", 700, 500, nil)}}),
		c.smint.Later(SmintChange{UUID: CatalogPending, Merge: SmintJSON{"state": "completed", "can_be_synced": true, "completed_at": SmintTime(c.now)}}),
	)
}

func (c *catalog) refused() {
	c.emit(SmintPurchase{UUID: CatalogCancelled, Title: "Withdrawn", Cancelled: true, Terms: royaltyFree()})
	c.emit(
		SmintPurchase{
			UUID: CatalogExpired, At: c.now.AddDate(0, 0, -410), Title: "Last year's poster", LicenseType: "rights_managed",
			Terms: []SmintJSON{SmintTerm(1, "One season", SmintMerge(worldwide(), SmintJSON{
				"valid_from": c.day(-400), "valid_until": c.day(-35), "to_be_used_until": c.day(-200),
			}))},
		},
		c.drawn(CatalogExpired, "poster.jpg", "jpeg", 600, 900, nil),
	)
	broken := c.drawn(CatalogBroken, "broken.jpg", "jpeg", 640, 640, nil)
	broken.BreakAfter, broken.NoRanges = 4096, true
	c.emit(SmintPurchase{UUID: CatalogBroken, Title: "Breaks off", Terms: royaltyFree()}, broken)
}

func (c *catalog) original() {
	c.emit(SmintPurchase{UUID: CatalogOriginal, Title: "Bay", Terms: royaltyFree()}, c.bay(CatalogOriginal))
}
