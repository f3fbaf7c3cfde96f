package interop_test

// Recipes that listen at fixed ports, or change /etc/hosts, are run in namespaces of their own: nothing of the machine is
// changed, and nothing outside can be reached.

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const inNamespace = "INTEROP_IN_NAMESPACE" // the folder with intune-cert

func TestRecipesThatNeedTheMachine(t *testing.T) {
	if folder := os.Getenv(inNamespace); folder != "" {
		runRecipes(t, folder)
		return
	}
	wantCommand(t, "curl")
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "../cmd/intune-cert", "-o", filepath.Join(folder, "intune-cert"), ".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	output, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Skip("there are no user namespaces here: ", err)
	}
	if t.Logf("%s", output); err != nil {
		t.Error(err)
	}
}

// runRecipes runs in the namespaces.
func runRecipes(t *testing.T, folder string) {
	t.Helper()
	if err := startLoopback(); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("npm/node_modules/.bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recipes(t) {
		if !needsNamespace(r) {
			continue
		}
		t.Run(r.heading, func(t *testing.T) {
			home := t.TempDir()
			scripts := []string{r.code}
			switch {
			case r.language == "yaml":
				wantCommand(t, "jq")
				scripts = steps(t, r.code)
			case strings.Contains(r.code, "m365"):
				wantNodeModules(t)
			}
			ownHosts(t, filepath.Join(home, "hosts"))
			environment := filepath.Join(home, "github_env")
			for _, script := range scripts {
				cmd := exec.CommandContext(t.Context(), "sh", "-e")
				cmd.Dir, cmd.Stdin = home, strings.NewReader(script)
				cmd.Env = append(os.Environ(), "PATH="+folder+":"+modules+":"+os.Getenv("PATH"), "HOME="+home, "GITHUB_ENV="+environment)
				if set, err := os.ReadFile(environment); err == nil {
					cmd.Env = append(cmd.Env, strings.Fields(string(set))...)
				}
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				output, err := os.Create(filepath.Join(home, "output")) // no pipe, for which a process in the background would be waited
				if err != nil {
					t.Fatal(err)
				}
				cmd.Stdout, cmd.Stderr = output, output
				err = cmd.Run()
				t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
				if err != nil {
					said, _ := os.ReadFile(output.Name())
					t.Fatalf("%v\n%s\n%s", err, script, said)
				}
			}
		})
	}
}

// ownHosts puts a file of the test instead of /etc/hosts.
func ownHosts(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, []byte("127.0.0.1 localhost\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(file, "/etc/hosts", "", syscall.MS_BIND, ""); err != nil {
		t.Skip("/etc/hosts cannot be replaced: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount("/etc/hosts", syscall.MNT_DETACH) })
}

// startLoopback sets the loopback interface up, which a new network namespace has down.
func startLoopback() error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(socket) }()
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		rest  [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	_, err = net.InterfaceByName("lo")
	return err
}
