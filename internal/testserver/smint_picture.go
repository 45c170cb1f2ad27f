package testserver

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
)

// smintPicture is a generated picture: a sky, hills and a sun, placed by the
// seed.
type smintPicture struct {
	width, height int
	seed          uint64
}

// paint computes the picture. The ridge of the hills hangs on the column alone.
func (p smintPicture) paint() *image.RGBA {
	canvas := image.NewRGBA(image.Rect(0, 0, p.width, p.height))
	sunX, sunY := 0.2+0.6*float64(p.seed%97)/97, 0.15+0.2*float64(p.seed%31)/31
	for x := range p.width {
		u := float64(x) / float64(p.width)
		ridge := 0.55 + 0.08*smintWave(u*3+float64(p.seed%13)) + 0.04*smintWave(u*11+float64(p.seed%7))
		for y := range p.height {
			v := float64(y) / float64(p.height)
			pixel := canvas.Pix[canvas.PixOffset(x, y):][:4:4]
			switch {
			case v > ridge:
				grain := uint8(smintMix(p.seed^uint64(x)<<20^uint64(y)) % 24)
				pixel[0], pixel[1], pixel[2] = 30+grain, 90+grain+uint8(60*(1-v)), 40+grain
			case (u-sunX)*(u-sunX)+(v-sunY)*(v-sunY)*0.5 < 0.004:
				pixel[0], pixel[1], pixel[2] = 255, 214, 90
			default:
				pixel[0], pixel[1], pixel[2] = uint8(90+120*v), uint8(150+80*v), 235
			}
			pixel[3] = 255
		}
	}
	return canvas
}

// smintWave is a smooth periodic curve between -1 and 1.
func smintWave(t float64) float64 {
	t -= float64(int(t))
	if t < 0.5 {
		return 16 * t * (0.5 - t)
	}
	t -= 0.5
	return -16 * t * (0.5 - t)
}

// draw writes the picture in one of the formats jpeg, png and gif.
func (p smintPicture) draw(w io.Writer, format string) error {
	switch format {
	case "jpeg":
		return jpeg.Encode(w, p.paint(), &jpeg.Options{Quality: 90})
	case "png":
		return png.Encode(w, p.paint())
	case "gif":
		return gif.Encode(w, p.paint(), &gif.Options{NumColors: 64})
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
