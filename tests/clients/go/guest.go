// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	firecracker "github.com/firecracker-microvm/firecracker-go-sdk"
	"github.com/sirupsen/logrus"
)

// patience is how long anything that must come is waited for.
const patience = 40 * time.Second

// console is what a guest has printed so far, or what its log has.
type console struct {
	mutex   sync.Mutex
	changed *sync.Cond
	text    bytes.Buffer
}

func newConsole() *console {
	made := &console{}
	made.changed = sync.NewCond(&made.mutex)
	return made
}

func (c *console) Write(part []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.changed.Broadcast()
	return c.text.Write(part)
}

func (c *console) all() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.text.String()
}

func (c *console) count(text string) int { return strings.Count(c.all(), text) }

// expect waits until the guest has printed the text.
func (c *console) expect(text string) {
	timer := time.AfterFunc(patience, c.changed.Broadcast)
	defer timer.Stop()
	deadline := time.Now().Add(patience)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for !strings.Contains(c.text.String(), text) {
		expect(time.Now().Before(deadline), "the guest's "+text, c.text.String())
		c.changed.Wait()
	}
}

type guest struct {
	machine *firecracker.Machine
	console *console
	log     *console
	keys    io.WriteCloser
}

// prepare makes a machine that is not started.
func prepare(ctx context.Context, config firecracker.Config) *guest {
	made := &guest{console: newConsole(), log: newConsole()}
	config.FifoLogWriter = made.log
	keys, typed, err := os.Pipe()
	check(err, "pipe")
	made.keys = typed
	command := firecracker.VMCommandBuilder{}.WithBin(*binary).WithSocketPath(config.SocketPath).
		AddArgs("--id", config.VMID).WithStdin(keys).WithStdout(made.console).WithStderr(os.Stderr).Build(ctx)
	logger := logrus.New()
	logger.SetOutput(os.Stderr)
	made.machine, err = firecracker.NewMachine(ctx, config, firecracker.WithProcessRunner(command),
		firecracker.WithLogger(logrus.NewEntry(logger)))
	check(err, "NewMachine")
	return made
}

func (g *guest) start(ctx context.Context) {
	check(g.machine.Start(ctx), "Start")
	step("started " + g.machine.Cfg.VMID)
}

func launch(ctx context.Context, config firecracker.Config) *guest {
	made := prepare(ctx, config)
	made.start(ctx)
	return made
}

func (g *guest) say(line string) {
	_, err := io.WriteString(g.keys, line+"\n")
	check(err, "the guest's input")
}

// wait waits for the end, which must be a good one.
func (g *guest) wait(ctx context.Context) {
	check(g.machine.Wait(ctx), "Wait")
	_, err := os.Stat(g.machine.Cfg.SocketPath)
	expect(os.IsNotExist(err), "the socket is gone", err)
	check(g.keys.Close(), "close")
}

func (g *guest) expectState(ctx context.Context, wanted string) {
	info, err := g.machine.DescribeInstanceInfo(ctx)
	check(err, "DescribeInstanceInfo")
	expect(*info.State == wanted && *info.ID == g.machine.Cfg.VMID, "the state "+wanted, *info.State)
}
