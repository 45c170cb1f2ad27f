package testserver

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
)

// smintPicture is a picture that is computed point by point, so that drawing a
// large one takes no memory: a sky, hills and a sun, placed by the seed.
type smintPicture struct {
	width, height int
	seed          uint64
}

func (p smintPicture) ColorModel() color.Model { return color.NRGBAModel }
func (p smintPicture) Bounds() image.Rectangle { return image.Rect(0, 0, p.width, p.height) }

func (p smintPicture) At(x, y int) color.Color {
	u, v := float64(x)/float64(p.width), float64(y)/float64(p.height)
	sunX, sunY := 0.2+0.6*float64(p.seed%97)/97, 0.15+0.2*float64(p.seed%31)/31
	ridge := 0.55 + 0.08*smintWave(u*3+float64(p.seed%13)) + 0.04*smintWave(u*11+float64(p.seed%7))
	switch {
	case v > ridge:
		grain := uint8(smintMix(p.seed^uint64(x)<<20^uint64(y)) % 24)
		return color.NRGBA{R: 30 + grain, G: 90 + grain + uint8(60*(1-v)), B: 40 + grain, A: 255}
	case (u-sunX)*(u-sunX)+(v-sunY)*(v-sunY)*0.5 < 0.004:
		return color.NRGBA{R: 255, G: 214, B: 90, A: 255}
	default:
		return color.NRGBA{R: uint8(90 + 120*v), G: uint8(150 + 80*v), B: 235, A: 255}
	}
}

// smintWave is a smooth periodic curve between -1 and 1 that, unlike math.Sin,
// is the same on every machine.
func smintWave(t float64) float64 {
	t -= float64(int(t))
	if t < 0.5 {
		return 16*t*(0.5-t) - 0
	}
	t -= 0.5
	return -16 * t * (0.5 - t)
}

// draw writes the picture in one of the formats jpeg, png and gif.
func (p smintPicture) draw(w io.Writer, format string) error {
	switch format {
	case "jpeg":
		return jpeg.Encode(w, p, &jpeg.Options{Quality: 90})
	case "png":
		return png.Encode(w, p)
	case "gif":
		return gif.Encode(w, p, &gif.Options{NumColors: 64})
	default:
		return fmt.Errorf("testserver: no picture format %q", format)
	}
}

// smintPDF writes a valid PDF with one page for each text, a line per line.
func smintPDF(title string, pages ...string) []byte {
	var file bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, file.Len())
		_, _ = fmt.Fprintf(&file, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	escape := strings.NewReplacer(`\`, `\\`, `(`, `\(`, `)`, `\)`)
	kids := make([]string, 0, len(pages))
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 5+2*i))
	}
	file.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages)))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	object(fmt.Sprintf("<< /Title (%s) /Producer (Smint.io fake) >>", escape.Replace(title)))
	for i, text := range pages {
		var stream strings.Builder
		stream.WriteString("BT /F1 14 Tf 72 770 Td 20 TL\n")
		for line := range strings.SplitSeq(text, "\n") {
			stream.WriteString("(" + escape.Replace(line) + ") Tj T*\n")
		}
		stream.WriteString("ET")
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 6+2*i))
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", stream.Len(), stream.String()))
	}
	start := file.Len()
	_, _ = fmt.Fprintf(&file, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, offset := range offsets {
		_, _ = fmt.Fprintf(&file, "%010d 00000 n \n", offset)
	}
	_, _ = fmt.Fprintf(&file, "trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return file.Bytes()
}
