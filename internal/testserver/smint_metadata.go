package testserver

import (
	"maps"
	"slices"
)

// smintWords are the keys of the built-in generic metadata with their names in
// English and German. The vendor's lists are longer; both are open-ended.
var smintWords = map[string][][3]string{
	"providers":             {{"getty", "Getty Images", "Getty Images"}, {"shutterstock", "Shutterstock", "Shutterstock"}, {"adobestock", "Adobe Stock", "Adobe Stock"}, {"istock", "iStock", "iStock"}, {"panthermedia", "PantherMedia", "PantherMedia"}},
	"content_types":         {{"image", "Image", "Bild"}, {"video", "Video", "Video"}, {"audio", "Audio", "Audio"}, {"document", "Document", "Dokument"}, {"3d", "3D", "3D"}, {"template", "Template", "Vorlage"}},
	"binary_types":          {{"standard", "Standard", "Standard"}},
	"content_categories":    {{"creative", "Creative", "Kreativ"}, {"editorial", "Editorial", "Redaktionell"}},
	"license_types":         {{"all", "All", "Alle"}, {"royalty_free", "Royalty free", "Lizenzfrei"}, {"rights_managed", "Rights managed", "Lizenzpflichtig"}, {"rights_ready", "Rights ready", "Rights ready"}},
	"release_states":        {{"all", "All", "Alle"}, {"released", "Released", "Freigegeben"}, {"not_released", "Not released", "Nicht freigegeben"}, {"no_release_required", "No release required", "Keine Freigabe erforderlich"}},
	"license_exclusivities": {{"any", "Any", "Alle"}, {"exclusive_usage", "Usage", "Nutzung"}, {"exclusive_size", "Size", "Größe"}, {"exclusive_placement", "Placement", "Platzierung"}, {"exclusive_distribution", "Distribution", "Verbreitung"}, {"exclusive_geography", "Geography", "Region"}, {"exclusive_industry", "Industry", "Branche"}, {"exclusive_language", "Language", "Sprache"}},
	"license_usages":        {{"any", "Any", "Alle"}, {"advertising_any", "Advertising", "Werbung"}, {"digital_media_any", "Digital media", "Digitale Medien"}, {"digital_media_social_media", "Social media", "Soziale Medien"}, {"film_video_tv_any", "Film, video and TV", "Film, Video und TV"}, {"internal_use_any", "Internal use", "Interne Nutzung"}, {"marketing_promotional_any", "Marketing", "Marketing"}, {"publishing_editorial_any", "Publishing", "Publizistik"}, {"publishing_editorial_magazine", "Magazine", "Zeitschrift"}, {"retail_product_packaging_any", "Packaging", "Verpackung"}},
	"license_sizes":         {{"any", "Any", "Alle"}, {"page_quarter", "Quarter page", "Viertelseite"}, {"page_half", "Half page", "Halbe Seite"}, {"page_full", "Full page", "Ganze Seite"}, {"resolution_high", "High resolution", "Hohe Auflösung"}},
	"license_placements":    {{"any", "Any", "Alle"}, {"page_cover", "Cover", "Titelseite"}, {"page_inside", "Inside", "Innenseite"}, {"placement_prominent", "Prominent", "Prominent"}},
	"license_distributions": {{"any", "Any", "Alle"}, {"channel_web", "Web", "Web"}, {"channel_print", "Print", "Druck"}, {"channel_tv", "TV", "TV"}, {"media_digital", "Digital", "Digital"}, {"external", "External", "Extern"}, {"third_party_rights", "Third parties", "Dritte"}},
	"license_geographies":   {{"any", "Any", "Alle"}, {"europe_any", "Europe", "Europa"}, {"europe_austria", "Austria", "Österreich"}, {"europe_germany", "Germany", "Deutschland"}, {"asia_japan", "Japan", "Japan"}, {"north_america_any", "North America", "Nordamerika"}, {"north_america_united_states", "United States", "Vereinigte Staaten"}},
	"license_industries":    {{"any", "Any", "Alle"}, {"industry_alcohol", "Alcohol", "Alkohol"}, {"industry_tobacco", "Tobacco", "Tabak"}, {"industry_weapons", "Weapons", "Waffen"}, {"industry_travel", "Travel", "Reise"}},
	"license_languages":     {{"any", "Any", "Alle"}, {"language_english", "English", "Englisch"}, {"language_german", "German", "Deutsch"}, {"language_french", "French", "Französisch"}, {"language_spanish", "Spanish", "Spanisch"}},
	"license_usage_limits":  {{"any", "Any", "Alle"}, {"quantity_any", "Any quantity", "Beliebige Menge"}, {"copy_up_to_1000_copies", "Up to 1000 copies", "Bis 1000 Exemplare"}, {"copy_one_copy", "One copy", "Ein Exemplar"}},
}

// smintMetadata is the built-in generic metadata, a list per name.
func smintMetadata() map[string]any {
	lists := make(map[string]any, len(smintWords))
	for _, name := range slices.Sorted(maps.Keys(smintWords)) {
		list := make([]any, 0, 2*len(smintWords[name]))
		for _, word := range smintWords[name] {
			list = append(list, SmintElement("en", word[0], word[1], ""), SmintElement("de", word[0], word[2], ""))
		}
		lists[name] = list
	}
	return lists
}
