package report

import (
	"fmt"
	"time"
)

// Box is a rectangle that something in a picture takes.
type Box struct {
	Name           string
	X1, Y1, X2, Y2 int
}

// Boxes lays out both pictures and returns what must not overlap in each: every
// text, bar and mark.
func (r Report) Boxes() map[string][]Box {
	kept, _ := r.Calendar.Schedule.Kept(r.Calendar.Dates)
	out := map[string][]Box{}
	for _, width := range []int{wide, narrow} {
		c := r.chart(width, time.UTC, kept)
		boxes := []Box{{"picture", 0, 0, c.Width, c.Height}}
		for _, t := range c.Texts {
			w := int(float64(len([]rune(t.Text))) * charWidth)
			x := t.X
			if t.Anchor == "middle" {
				x -= w / 2
			}
			boxes = append(boxes, Box{t.Text, x, t.Y - 11, x + w, t.Y + 3})
		}
		for i, b := range c.Bars {
			if b.Class == "first" {
				continue // the foot of its license's bar
			}
			boxes = append(boxes, Box{fmt.Sprintf("bar %d", i), b.X, b.Y, b.X + b.W, b.Y + b.H})
		}
		for _, m := range c.Marks {
			boxes = append(boxes, Box{fmt.Sprintf("event %d", m.Number), m.X - markSize/2, m.Y - markSize/2, m.X + markSize/2, m.Y + markSize/2})
		}
		for i, s := range c.Signs { // on their license's bar.
			boxes = append(boxes, Box{fmt.Sprintf("sign %d", i), s.X - 9, s.Y - 9, s.X + 9, s.Y + 9})
		}
		out[c.Class] = boxes
	}
	return out
}
