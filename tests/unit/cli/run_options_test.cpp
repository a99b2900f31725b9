// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/run_options.h"

#include <catch2/catch.hpp>

#include "command_line.h"

namespace skiff::cli {
namespace {

using boot::EntryProtocol;
using machine::MachineConfig;
using std::chrono::milliseconds;
using SerialKind = machine::SerialConfig::Kind;
using BackingKind = MemoryBacking::Kind;

TEST_CASE("The kernel is an argument or an option") {
    CHECK(config_of({"vmlinux"}).kernel_path == "vmlinux");
    CHECK(config_of({"-k", "vmlinux"}).kernel_path == "vmlinux");
    CHECK(config_of({"-kvmlinux"}).kernel_path == "vmlinux");
    CHECK(config_of({"--kernel=vmlinux"}).kernel_path == "vmlinux");
    CHECK(config_of({"--kernel", "vmlinux"}).kernel_path == "vmlinux");
    CHECK(config_of({"-k", "--odd-name"}).kernel_path == "--odd-name");
}

TEST_CASE("A kernel alone makes the default machine") {
    const MachineConfig config = config_of({"vmlinux"});
    const MachineConfig expected;
    CHECK(config.initrd_path == expected.initrd_path);
    CHECK(config.extra_cmdline.empty());
    CHECK_FALSE(config.whole_cmdline.has_value());
    CHECK(config.entry == expected.entry);
    CHECK(config.cpu_count == expected.cpu_count);
    CHECK(config.memory_bytes == expected.memory_bytes);
    CHECK(config.memory_backing.kind == expected.memory_backing.kind);
    CHECK(config.serial.kind == expected.serial.kind);
    CHECK(config.acpi);
    CHECK(config.host_quirks);
    CHECK_FALSE(config.debug_exit_port.has_value());
    CHECK_FALSE(config.timeout.has_value());
    CHECK(config.grace == expected.grace);
}

TEST_CASE("The defaults that the help shows are the machine's") {
    for (const OptionSpec& option : kRunCommand.options) {
        if (option.default_value.empty()) {
            continue;
        }
        INFO("--" << option.long_name);
        const std::string given =
            "--" + std::string(option.long_name) + "=" + std::string(option.default_value);
        const MachineConfig config = config_of({"vmlinux", given.c_str()});
        const MachineConfig expected;
        CHECK(config.entry == expected.entry);
        CHECK(config.cpu_count == expected.cpu_count);
        CHECK(config.memory_bytes == expected.memory_bytes);
        CHECK(config.memory_backing.kind == expected.memory_backing.kind);
        CHECK(config.serial.kind == expected.serial.kind);
        CHECK(config.grace == expected.grace);
    }
}

TEST_CASE("Parameters of the guest's command line are joined in their order") {
    CHECK(config_of({"k", "-a", "quiet", "-a", "panic=-1 x"}).extra_cmdline == "quiet panic=-1 x");
    CHECK(config_of({"k", "--append=a b"}).extra_cmdline == "a b");
    CHECK(config_of({"k", "-a", "-b", "-a", "--c"}).extra_cmdline == "-b --c");
    CHECK(config_of({"k", "-a", "[x,y]"}).extra_cmdline == "[x,y]");
    CHECK(config_of({"k", "-a", "--"}).extra_cmdline == "--");
    CHECK(config_of({"k", "--cmdline", "console=ttyS0", "-a", "x"}).whole_cmdline ==
          "console=ttyS0");
}

TEST_CASE("What ends a run rises from panics over oopses to warnings") {
    using machine::index_of;
    using machine::KernelTrouble;
    CHECK(config_of({"k"}).fail_on.none());
    CHECK(config_of({"k", "--fail-on", "panic"}).fail_on.none());
    const auto oops = config_of({"k", "--fail-on", "oops"}).fail_on;
    CHECK(oops.test(index_of(KernelTrouble::kOops)));
    CHECK(oops.test(index_of(KernelTrouble::kLockup)));
    CHECK_FALSE(oops.test(index_of(KernelTrouble::kWarning)));
    CHECK(config_of({"k", "--fail-on", "warn"}).fail_on.test(index_of(KernelTrouble::kWarning)));
    CHECK(config_of({"k", "--silence-timeout", "2.5"}).silence_timeout == milliseconds(2500));
}

TEST_CASE("A trace has kinds and perhaps a file") {
    CHECK_FALSE(config_of({"k"}).trace.has_value());
    const auto exits = config_of({"k", "--trace", "exits"}).trace;
    REQUIRE(exits.has_value());
    CHECK((exits->exits && !exits->devices && !exits->path.has_value() && !exits->is_json()));
    const auto both = config_of({"k", "--trace", "devices,exits=a=b.json"}).trace;
    REQUIRE(both.has_value());
    CHECK((both->exits && both->devices && both->path == "a=b.json" && both->is_json()));
}

TEST_CASE("An empty whole command line is kept apart from none") {
    CHECK(config_of({"--cmdline", "", "k"}).whole_cmdline == "");
    const MachineConfig config = config_of({"--cmdline=", "k"});
    CHECK(config.whole_cmdline == "");
    CHECK(config.kernel_path == "k");
}

TEST_CASE("Memory sizes have units, and a number alone counts MiB") {
    CHECK(config_of({"k", "-m", "512"}).memory_bytes == 512 * kMiB);
    CHECK(config_of({"k", "-m512M"}).memory_bytes == 512 * kMiB);
    CHECK(config_of({"k", "--memory=5G"}).memory_bytes == 5 * kGiB);
    CHECK(config_of({"k", "-m", "4096K"}).memory_bytes == 4 * kMiB);
}

TEST_CASE("Times are seconds with at most three decimals") {
    CHECK(config_of({"k", "--timeout", "60"}).timeout == milliseconds(60'000));
    CHECK(config_of({"k", "--timeout", "0.25"}).timeout == milliseconds(250));
    CHECK(config_of({"k", "--timeout", "1.5"}).timeout == milliseconds(1500));
    CHECK(config_of({"k", "--timeout", "0.001"}).timeout == milliseconds(1));
    CHECK(config_of({"k", "--grace", "0"}).grace == milliseconds(0));
}

TEST_CASE("The console is serial, virtio or none") {
    using Console = MachineConfig::Console;
    CHECK(config_of({"k"}).console == Console::kSerial);
    CHECK(config_of({"k", "--console", "virtio"}).console == Console::kVirtio);
    CHECK(config_of({"k", "--console", "virtio", "--serial", "pty"}).serial.kind ==
          SerialKind::kPty);
    const MachineConfig none = config_of({"k", "--console=none"});
    CHECK(none.console == Console::kNone);
    CHECK(none.serial.kind == SerialKind::kNone);
    CHECK_FALSE(none.has_virtio_console());
}

TEST_CASE("Ports have a name and a path, and may say what the path is") {
    using Kind = skiff::machine::PortConfig::Kind;
    const auto ports = config_of({"k", "--port", "org.a-b_1=/run/x=y", "--port", "s=unix=/run/s",
                                  "--port", "f=file=out.sock"})
                           .ports;
    REQUIRE(ports.size() == 3);
    CHECK(ports[0].name == "org.a-b_1");
    CHECK(ports[0].path == "/run/x=y");
    CHECK(ports[0].kind == Kind::kByPath);
    CHECK(ports[1].path == "/run/s");
    CHECK(ports[1].kind == Kind::kUnix);
    CHECK(ports[2].path == "out.sock");
    CHECK(ports[2].kind == Kind::kFile);
}

TEST_CASE("The serial port has five backends") {
    CHECK(config_of({"k", "--serial", "stdio"}).serial.kind == SerialKind::kStdio);
    CHECK(config_of({"k", "--serial=none"}).serial.kind == SerialKind::kNone);
    CHECK(config_of({"k", "--serial", "pty"}).serial.kind == SerialKind::kPty);
    const auto file = config_of({"k", "--serial", "file=a=b.txt"}).serial;
    CHECK(file.kind == SerialKind::kFile);
    CHECK(file.path == "a=b.txt");
    const auto unix_socket = config_of({"k", "--serial=unix=/run/x"}).serial;
    CHECK(unix_socket.kind == SerialKind::kUnix);
    CHECK(unix_socket.path == "/run/x");
}

TEST_CASE("Memory backings combine a kind with wishes") {
    const auto backing = [](const char* text) {
        return config_of({"k", "-m", "1G", "--memory-backing", text}).memory_backing;
    };
    CHECK(backing("anon").kind == BackingKind::kAnonymous);
    CHECK(backing("memfd").kind == BackingKind::kMemfd);
    CHECK(backing("anon,thp").transparent_huge_pages);
    CHECK_FALSE(backing("anon,thp").prefault);
    CHECK(backing("memfd,thp,prefault").transparent_huge_pages);
    CHECK(backing("memfd,thp,prefault").prefault);
    CHECK(backing("hugetlb").kind == BackingKind::kHugetlb);
    CHECK(backing("hugetlb").huge_page_bytes == 2 * kMiB);
    CHECK(backing("hugetlb=1G,prefault").huge_page_bytes == kGiB);
    CHECK(backing("hugetlb=1G,prefault").prefault);
}

TEST_CASE("The entry protocol is one of four words") {
    CHECK(config_of({"k", "--entry", "auto"}).entry == EntryProtocol::kAuto);
    CHECK(config_of({"k", "--entry", "pvh"}).entry == EntryProtocol::kPvh);
    CHECK(config_of({"k", "--entry", "linux64"}).entry == EntryProtocol::kLinux64);
    CHECK(config_of({"k", "--entry", "linux32"}).entry == EntryProtocol::kLinux32);
}

TEST_CASE("The debug exit takes its port only after an equals sign") {
    CHECK(config_of({"k"}).name.empty());
    CHECK(config_of({"k", "--name", "web-1"}).name == "web-1");
    CHECK(config_of({"k", "--debug-exit"}).debug_exit_port == 0xf4);
    CHECK(config_of({"k", "--debug-exit=0x501"}).debug_exit_port == 0x501);
    CHECK(config_of({"k", "--debug-exit=1281"}).debug_exit_port == 1281);
    const MachineConfig config = config_of({"--debug-exit", "k"});
    CHECK(config.debug_exit_port == 0xf4);
    CHECK(config.kernel_path == "k");
}

TEST_CASE("Flags switch one thing each") {
    CHECK_FALSE(config_of({"k", "--no-acpi"}).acpi);
    CHECK_FALSE(config_of({"k", "--no-host-quirks"}).host_quirks);
    CHECK_FALSE(config_of({"k"}).device_tree);
    CHECK(config_of({"k", "--fdt"}).device_tree);
    CHECK(parse_run({"k", "--fdt", "--dump-dtb", "t.dtb"})->device_tree_file == "t.dtb");
    CHECK(parse_run({"k", "--dry-run"})->dry_run == api::ConfigForm::kToml);
    CHECK(parse_run({"k", "--dry-run=json"})->dry_run == api::ConfigForm::kJson);
    CHECK_FALSE(parse_run({"k"})->dry_run);
    CHECK(parse_run({"k", "-c", "254"})->config.cpu_count == 254);
    CHECK(parse_run({"k", "-i", "initrd"})->config.initrd_path == "initrd");
    using Modules = std::vector<boot::ModuleFile>;
    CHECK(parse_run({"k", "-i", "a,,b,w x,y", "-i", "c"})->config.modules ==
          Modules{{"a,b", "w x,y"}, {"c", ""}});
    CHECK_FALSE(parse_run({"k", "-i", ",words"}).ok());
}

TEST_CASE("Short flags and a short option with its value join in one argument") {
    const auto options = parse_run({"k", "-qc2"});
    REQUIRE(options.ok());
    CHECK(options->log.level == log::Level::kWarning);
    CHECK(options->config.cpu_count == 2);
}

TEST_CASE("Quiet and verbose choose what is logged") {
    CHECK(parse_run({"k"})->log.level == log::Level::kInfo);
    CHECK(parse_run({"k", "-q"})->log.level == log::Level::kWarning);
    CHECK(parse_run({"k", "-v"})->log.level == log::Level::kDebug);
    CHECK(parse_run({"k", "--log-file", "x.log"})->log.file_path == "x.log");
}

TEST_CASE("Of an option given twice the last one counts") {
    CHECK(config_of({"k", "-m", "1G", "-m", "2G"}).memory_bytes == 2 * kGiB);
}

}  // namespace
}  // namespace skiff::cli
