package smint

import "encoding/json"

// Binary is one file of a license purchase transaction. More than one makes a
// compound asset.
type Binary struct {
	// UUID is unique only within its transaction.
	UUID BinaryUUID `json:"uuid"`
	// ContentType, Name and Description, if set, override the asset's.
	ContentType ContentType   `json:"content_type"`
	BinaryType  string        `json:"binary_type"`
	Name        LocalizedText `json:"name"`
	Description LocalizedText `json:"description"`
	Usage       LocalizedText `json:"usage"`
	// DownloadURL is secret and good for an hour; empty if there is no file.
	DownloadURL Secret `json:"download_url"`
	// RecommendedFileName is foreign text: never use it as a path.
	RecommendedFileName string `json:"recommended_file_name"`
	// Culture is set if the file is specific to a language.
	Culture string `json:"culture"`
	// Version begins at 1 and grows by 1 with each update of the file; nil if
	// not sent.
	Version *int `json:"version"`
	// Raw is the binary as it came, without its address.
	Raw json.RawMessage `json:"-"`
}

// EffectiveVersion is the version, 1 if none was sent.
func (b Binary) EffectiveVersion() int {
	if b.Version == nil {
		return 1
	}
	return *b.Version
}

// decodeBinary reads one binary and keeps its bytes without the address, which
// is a credential.
func decodeBinary(raw json.RawMessage) (Binary, error) {
	var b Binary
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return b, err
	}
	delete(members, "download_url")
	var err error
	b.Raw, err = json.Marshal(members)
	return b, err
}
