// Package lease reads the end of the lease from the Secret and says in words what it means for a
// user: a greeting, warnings and the reason of a disconnect. dev-cluster/src/podServer/lease.ts
// does the same; the conduct tests compare both.
package lease

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	// warningMargin is how much earlier than a warning the server must have learned of the end for the
	// warning to apply: a lease of 5 minutes does not start with a warning, and a server that restarts
	// does not repeat the last one.
	warningMargin = 10 * time.Second
	// clockMargin allows for a clock of the pod that is behind the control plane's, which ends the
	// lease.
	clockMargin = time.Minute
	// maxLength is longer than any time that the control plane writes.
	maxLength = 64
)

// warningTimes are how long before the end terminals are warned.
var warningTimes = []time.Duration{30 * time.Minute, 15 * time.Minute, 5 * time.Minute}

// ReadEnd returns the end of the lease; zero until the lease has started.
func ReadEnd(path string) time.Time {
	file, err := os.Open(path)
	if err != nil {
		return time.Time{}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxLength))
	if err != nil {
		return time.Time{}
	}
	end, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	if err != nil {
		return time.Time{}
	}
	return end
}

// Warnings gives each warning once per end of the lease: an extension starts over.
type Warnings struct {
	known   time.Time
	pending []time.Duration
}

// IsDue reports whether terminals are to be warned now. It must be called regularly.
func (w *Warnings) IsDue(end, now time.Time) bool {
	left := end.Sub(now)
	if !end.Equal(w.known) {
		w.known = end
		w.pending = slices.DeleteFunc(slices.Clone(warningTimes), func(before time.Duration) bool {
			return left <= before+warningMargin
		})
	}
	if left <= 0 {
		return false
	}
	count := len(w.pending)
	w.pending = slices.DeleteFunc(w.pending, func(before time.Duration) bool { return left <= before })
	return len(w.pending) < count
}

// Texts are about the lease of one reservation, whose name may be empty.
type Texts struct {
	Name string
}

// Greeting returns "" until the lease has started.
func (t Texts) Greeting(end, now time.Time) string {
	if end.IsZero() {
		return ""
	}
	if !now.Before(end) {
		return fmt.Sprintf("The lease ended at %s.", clock(end, now))
	}
	return fmt.Sprintf("The lease ends at %s, in %s. To extend it, run on your computer: %s",
		clock(end, now), left(end.Sub(now)), t.command("extend"))
}

// Warning announces the end of the lease.
func (t Texts) Warning(end, now time.Time) string {
	const format = "[gpu-dev] %s ends in %s, at %s. Its programs are then stopped. " +
		"To extend it, run on your computer: %s"
	subject := t.subject("This reservation")
	return fmt.Sprintf(format, subject, left(end.Sub(now)), clock(end, now), t.command("extend"))
}

// Ended says why the pod ends. Only the lease is known here, not who cancelled it.
func (t Texts) Ended(end, now time.Time) string {
	if !end.IsZero() && now.After(end.Add(-clockMargin)) {
		const format = "The lease of %s ended at %s. To reserve again: gpu-dev reserve"
		return fmt.Sprintf(format, t.subject("this reservation"), clock(end, now))
	}
	const format = "%s was stopped before the end of its lease: it was cancelled, or its node " +
		"failed. The reason: %s. To reserve again: gpu-dev reserve"
	return fmt.Sprintf(format, t.subject("This reservation"), t.command("show"))
}

// KeyRemoved says why the login of a removed key ends.
const KeyRemoved = "Your SSH key was removed. To register the key of this computer: gpu-dev login"

func (t Texts) subject(otherwise string) string {
	if t.Name == "" {
		return otherwise
	}
	return t.Name
}

func (t Texts) command(name string) string {
	return strings.TrimSpace("gpu-dev " + name + " " + t.Name)
}

// clock returns "14:20 UTC", with the date unless it is within a day.
func clock(at, now time.Time) string {
	if at.Sub(now).Abs() < 24*time.Hour {
		return at.UTC().Format("15:04") + " UTC"
	}
	return at.UTC().Format("2006-01-02 15:04") + " UTC"
}

// left is in whole minutes, rounded up; in days when that is more than two.
func left(duration time.Duration) string {
	minutes := int((duration + time.Minute - 1) / time.Minute)
	switch hours, rest := minutes/60, minutes%60; {
	case minutes == 1:
		return "1 minute"
	case minutes < 60:
		return fmt.Sprintf("%d minutes", minutes)
	case duration > 48*time.Hour:
		return fmt.Sprintf("%d days", int(duration/(24*time.Hour)))
	case rest == 0:
		return fmt.Sprintf("%d h", hours)
	default:
		return fmt.Sprintf("%d h %d min", hours, rest)
	}
}
