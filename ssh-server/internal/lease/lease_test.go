package lease

import (
	"testing"
	"time"
)

var start = time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)

// due returns the minutes before the end at which warnings are given, for a server that checks every
// five seconds from the start until after the end.
func due(warnings *Warnings, end time.Time) []int {
	var minutes []int
	for now := start; now.Before(end.Add(time.Minute)); now = now.Add(5 * time.Second) {
		if warnings.IsDue(end, now) {
			minutes = append(minutes, int(end.Sub(now).Round(time.Minute)/time.Minute))
		}
	}
	return minutes
}

func TestWarningsAreGivenOncePerEnd(t *testing.T) {
	for _, test := range []struct {
		length time.Duration
		want   []int
	}{
		{2 * time.Hour, []int{30, 15, 5}},
		{30 * time.Minute, []int{15, 5}},
		{15 * time.Minute, []int{5}},
		{5 * time.Minute, nil},
		{time.Minute, nil},
	} {
		got := due(&Warnings{}, start.Add(test.length))
		if len(got) != len(test.want) {
			t.Errorf("a lease of %s: got %v, want %v", test.length, got, test.want)
			continue
		}
		for index, minutes := range test.want {
			if got[index] != minutes {
				t.Errorf("a lease of %s: got %v, want %v", test.length, got, test.want)
			}
		}
	}
}

func TestAnExtensionStartsTheWarningsOver(t *testing.T) {
	warnings := &Warnings{}
	end := start.Add(20 * time.Minute)
	if !warnings.IsDue(end, start) && !warnings.IsDue(end, start.Add(6*time.Minute)) {
		t.Fatal("no first warning")
	}
	if got := due(warnings, start.Add(40*time.Minute)); len(got) != 3 {
		t.Errorf("after an extension: got %v, want three warnings", got)
	}
}

func TestARestartedServerRepeatsNoWarning(t *testing.T) {
	end := start.Add(15 * time.Minute)
	if warnings := new(Warnings); warnings.IsDue(end, start.Add(time.Second)) {
		t.Error("the warning is repeated")
	}
}

func TestTexts(t *testing.T) {
	texts := Texts{Name: "demo"}
	end := start.Add(90 * time.Minute)
	for got, want := range map[string]string{
		texts.Greeting(time.Time{}, start): "",
		texts.Greeting(end, start):         "The lease ends at 11:30 UTC, in 1 h 30 min. To extend it, run on your computer: gpu-dev extend demo",
		texts.Greeting(end, end):           "The lease ended at 11:30 UTC.",
		Texts{}.Ended(end, end):            "The lease of this reservation ended at 11:30 UTC. To reserve again: gpu-dev reserve",
		left(time.Second):                  "1 minute",
		left(59*time.Minute + 1):           "1 h",
		left(49 * time.Hour):               "2 days",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
