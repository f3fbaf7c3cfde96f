package example

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// Flags is the command line of a program: the flags that it adds, and those that all examples have.
type Flags struct {
	*flag.FlagSet
	Usage string // in front of the flags' descriptions
	Hint  string // for who gives an argument without a flag

	Cloud    intune.Cloud
	Version  intune.APIVersion
	Emulator bool

	cloud, version, passwordFile, thumbprint string
}

// NewFlags returns the flags that all examples have, for a program to add its own.
func NewFlags(program string) *Flags {
	f := &Flags{FlagSet: flag.NewFlagSet(program, flag.ContinueOnError)}
	f.SetOutput(io.Discard)
	f.StringVar(&f.cloud, "cloud", "public", "the `cloud` of the tenant: public, usgov-l4, usgov-l5 or china")
	f.StringVar(&f.version, "api-version", "beta", "the `version` of Microsoft Graph: beta or v1.0")
	f.BoolVar(&f.Emulator, "emulator", false, "use the emulator even where AZURE_* is set")
	return f
}

// Parse reads args. It prints help to stdout where they ask for it, and then returns flag.ErrHelp; any other error is a
// UsageError.
func (f *Flags) Parse(args []string, stdout io.Writer) error {
	err := f.FlagSet.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, f.Usage)
		f.SetOutput(stdout)
		f.PrintDefaults()
		return err
	}
	if err != nil {
		return Usagef("%w; -h tells more", err)
	}
	clouds := map[string]intune.Cloud{
		"public": intune.CloudPublic, "usgov-l4": intune.CloudUSGovernmentL4, "usgov-l5": intune.CloudUSGovernmentL5, "china": intune.CloudChina,
		"usgovernmentl4": intune.CloudUSGovernmentL4, "usgovernmentl5": intune.CloudUSGovernmentL5,
	}
	var known bool
	switch f.Cloud, known = clouds[strings.ToLower(f.cloud)]; {
	case f.NArg() > 0:
		return Usagef("unexpected argument %q; %s", f.Arg(0), f.Hint)
	case !known:
		return Usagef("-cloud %q is none of public, usgov-l4, usgov-l5 and china", f.cloud)
	case f.version != string(intune.APIVersionBeta) && f.version != string(intune.APIVersionV1):
		return Usagef("-api-version %q is neither beta nor v1.0", f.version)
	}
	f.Version = intune.APIVersion(f.version)
	f.Visit(func(given *flag.Flag) {
		if given.Value.String() == "" {
			err = Usagef("-%s is empty", given.Name)
		}
	})
	return err
}

// IsSet says whether a flag was given.
func (f *Flags) IsSet(name string) (set bool) {
	f.Visit(func(given *flag.Flag) { set = set || given.Name == name })
	return set
}

// Duration is a flag that takes days, as in 60d, besides the durations of Go. It is never negative.
type Duration time.Duration

const day = 24 * time.Hour

// String writes whole days as days.
func (d Duration) String() string {
	if time.Duration(d)%day == 0 {
		return fmt.Sprintf("%dd", time.Duration(d)/day)
	}
	return time.Duration(d).String()
}

// Set implements flag.Value.
func (d *Duration) Set(text string) error {
	const mostDays = 100 * 366
	parsed, err := time.ParseDuration(text)
	if number, inDays := strings.CutSuffix(text, "d"); inDays {
		var days int
		days, err = strconv.Atoi(number)
		if days > mostDays {
			return errors.New("is more than a century")
		}
		parsed = time.Duration(days) * day
	}
	switch {
	case err != nil:
		return errors.New("is neither days, such as 60d, nor a duration, such as 36h")
	case parsed < 0:
		return errors.New("is negative")
	}
	*d = Duration(parsed)
	return nil
}
