// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/effective_config.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "command_line.h"
#include "tests/support/temporary_file.h"
#include "vmm/api/resources/write_resources.h"
#include "vmm/cli/run/machine_options.h"

namespace skiff::cli {
namespace {

using api::ConfigForm;
using machine::MachineConfig;

/// A file of a configuration.
test::TemporaryFile file_of(const std::string& text) {
    return test::TemporaryFile(test::Bytes(text.begin(), text.end()));
}

/// "KERNEL" and "DISK" in the arguments become files that are there.
class Arguments {
  public:
    explicit Arguments(const std::vector<std::string>& given) : words_(given) {
        for (std::string& word : words_) {
            replace(word, "KERNEL", kernel_.path());
            replace(word, "DISK", disk_.path());
        }
    }
    RunOptions options(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = words_;
        words.insert(words.end(), more.begin(), more.end());
        return parsed(words);
    }
    static RunOptions parsed(const std::vector<std::string>& words) {
        std::vector<const char*> texts;
        for (const std::string& word : words) {
            texts.push_back(word.c_str());
        }
        auto options = parse_run(texts);
        INFO((options.ok() ? std::string() : options.error().message()));
        REQUIRE(options.ok());
        return std::move(options).value();
    }

  private:
    static void replace(std::string& word, const std::string& name, const std::string& path) {
        if (const std::size_t at = word.find(name); at != std::string::npos) {
            word.replace(at, name.size(), path);
        }
    }
    test::TemporaryFile kernel_{test::Bytes{1}};
    test::TemporaryFile disk_{test::Bytes{1}};
    std::vector<std::string> words_;
};

/// Without what a file may say in other ways: a drive's name is its serial number too, and one
/// module is an initrd.
MachineConfig comparable(MachineConfig config) {
    for (machine::DiskConfig& disk : config.disks) {
        if (disk.serial.starts_with("disk")) {
            disk.serial.clear();
        }
    }
    if (config.cpu_template.has_value()) {
        config.cpu_template->field.clear();  // for errors
    }
    if (config.modules.size() == 1 && config.modules.front().path == config.initrd_path) {
        config.modules.clear();
    }
    return config;
}

std::string joined(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) {
        line += word + ' ';
    }
    return line;
}

TEST_CASE("A run's configuration file makes the same machine") {
    const auto row = GENERATE(values<std::vector<std::string>>({
        {"KERNEL"},
        {"-k", "KERNEL", "-c", "3", "-m", "1G", "-q"},
        {"KERNEL", "-c", "254", "-m", "65540K"},
        {"KERNEL", "-i", "DISK", "-a", "one=1", "-a", "two=\"2 3\"", "-v"},
        {"KERNEL", "-i", "DISK,words for it", "-i", "KERNEL", "--cmdline", "whole", "-a", "more"},
        {"KERNEL", "-d", "DISK", "-d", "KERNEL,ro", "--no-rng", "--log-file", "log", "--log-format",
         "json"},
        {"KERNEL", "-d", "DISK,direct,queues=2,id=abc", "-d", "KERNEL,bw=1M/s"},
        {"KERNEL", "-d", "DISK,cache=writethrough,discard=off", "--no-acpi", "--no-host-quirks"},
        {"KERNEL", "-n", "tap=tap7,mtu=1400", "-n", "tap=tap8,mac=02:00:00:00:00:01"},
        {"KERNEL", "-n", "user,hostfwd=tcp:8080:80", "-n", "tap=tap8,bw-in=1M/s", "--fdt"},
        {"KERNEL", "-n", "none", "--name", "anna", "--entry", "linux64"},
        {"KERNEL", "--balloon", "size=64M,deflate-on-oom,stats=2"},
        {"KERNEL", "--balloon", "size=4K,free-page-reporting", "--vsock", "cid=3,path=v.sock"},
        {"KERNEL", "--memory-backing", "hugetlb=2M"},
        {"KERNEL", "--cpu-template", "T2"},
        {"KERNEL", "--memory-backing", "hugetlb=1G,prefault", "-m", "1G"},
        {"KERNEL", "--memory-backing", "memfd,thp"},
        {"KERNEL", "--console", "virtio", "--port", "a=a.sock", "--port", "b=file=b"},
        {"KERNEL", "--console", "none"},
        {"KERNEL", "--serial", "file=out.txt"},
        {"KERNEL", "--serial", "pty", "--io-threads", "4", "--io-poll", "off"},
        {"KERNEL", "--debug-exit", "--testdev", "--fw-cfg", "name=opt/a,string=b"},
        {"KERNEL", "--debug-exit=0x100", "--flat", "0x7c00,real"},
        {"KERNEL", "--gdb", "tcp:127.0.0.1:1234", "--gdb-wait", "--vmlinux", "vmlinux"},
        {"KERNEL", "--fail-on", "warn", "--silence-timeout", "2.5", "--timeout", "7", "--grace",
         "0"},
        {"KERNEL", "--trace", "exits=t.json", "--dump-on-crash", "core"},
    }));
    INFO(joined(row));
    const Arguments arguments(row);
    const RunOptions given = arguments.options();
    for (const ConfigForm form : {ConfigForm::kToml, ConfigForm::kJson}) {
        const std::string text =
            config_text(effective_config(given), form, "a remark\nand another");
        INFO(text);
        const test::TemporaryFile file = file_of(text);
        const RunOptions again = Arguments::parsed({"--config", file.path()});
        CHECK(comparable(again.config) == comparable(given.config));
        CHECK(again.log.level == given.log.level);
        CHECK(again.log.file_path == given.log.file_path);
        CHECK(again.log.format == given.log.format);
        CHECK(config_text(effective_config(again), form, "a remark\nand another") == text);
    }
}

TEST_CASE("Options change what a file says, and the configuration has both") {
    const Arguments arguments({"--config", "DISK"});
    const test::TemporaryFile disk(test::Bytes{1});
    const test::TemporaryFile file = file_of(
        "[boot-source]\nkernel_image_path = \"" + disk.path() +
        "\"\n[[drives]]  # the root\ndrive_id = \"disk1\"\npath_on_host = \"" + disk.path() +
        "\"\nis_root_device = true\n[run-options]\nappend = \"of=file\"\ntimeout = 3\n");
    const RunOptions options =
        Arguments::parsed({"--config", file.path(), "-d", disk.path() + ",ro", "--timeout", "4",
                           "-a", "of=line", "-c", "2"});
    CHECK(options.config.extra_cmdline == "root=/dev/vda rw of=file of=line");
    CHECK_FALSE(options.config.whole_cmdline.has_value());
    CHECK(options.config.timeout == std::chrono::seconds(4));
    REQUIRE(options.config.disks.size() == 2);
    CHECK(options.config.disks[1].read_only);

    const api::VmDescription description = effective_config(options);
    REQUIRE(description.drives.size() == 2);
    CHECK(description.drives[0].is_root_device);
    CHECK(description.drives[0].drive_id == "disk1");
    CHECK(description.drives[1].drive_id == "disk1_");
    CHECK(description.machine.vcpu_count == 2);
    const test::TemporaryFile written = file_of(config_text(description, ConfigForm::kToml, ""));
    const RunOptions again = Arguments::parsed({"--config", written.path()});
    CHECK(comparable(again.config).extra_cmdline == options.config.extra_cmdline);
    CHECK(again.config.timeout == options.config.timeout);
    CHECK(again.config.disks.size() == 2);
}

TEST_CASE("A disk that an option makes has a name, and is told once") {
    const Arguments arguments({"KERNEL", "-d", "DISK,direct"});
    const api::VmDescription description = effective_config(arguments.options());
    REQUIRE(description.drives.size() == 1);
    CHECK(description.drives.front().drive_id == "disk0");
    const std::string json = api::to_json(description);
    CHECK(json.find("\"drives\": []") != std::string::npos);
    CHECK(json.find("direct") != std::string::npos);
}

TEST_CASE("Options in a configuration are checked as those of the command line") {
    const auto error_of_options = [](const api::MachineOptions& options) {
        MachineConfig config;
        const auto applied = apply_machine_options(options, config);
        return applied.ok() ? std::string() : applied.error().message();
    };
    using Options = api::MachineOptions;
    CHECK(error_of_options(Options{{{"console", {"virtio"}}, {"fdt", {}}}}).empty());
    CHECK(error_of_options(Options{{{"consol", {"virtio"}}}}) ==
          "consol: unknown: did you mean console?");
    CHECK(error_of_options(Options{{{"-fdt", {}}}}).find("-fdt: ") == 0);
    CHECK(error_of_options(Options{{{"dry-run", {}}}}) ==
          "dry-run: has no place in a configuration, only on the command line");
    CHECK(error_of_options(Options{{{"console", {"vga"}}}}).find("--console: 'vga'") == 0);
    CHECK(error_of_options(Options{{{"fdt", {"yes"}}}}) == "--fdt takes no value: 'yes' was given");
    CHECK(error_of_options(Options{{{"console", {}}}}).find("--console KIND") != std::string::npos);
    CHECK(error_of_options(Options{{{"gdb", {"auto"}}}}) ==
          "gdb: auto is possible only on the command line");
    CHECK(error_of_options(Options{{{"gdb-wait", {}}}}) ==
          "gdb-wait: waits for a debugger, but there is no gdb to come to");
}

TEST_CASE("Every option of the run either describes the machine or is left to the command line") {
    std::size_t of_the_machine = 0;
    for (const OptionSpec& option : kRunCommand.options) {
        of_the_machine += is_machine_option(option.long_name) ? 1U : 0U;
    }
    // A new option is one of both: decide, and count it here.
    CHECK(of_the_machine == 35);
    CHECK(kRunCommand.options.size() - of_the_machine == 17);
}

}  // namespace
}  // namespace skiff::cli
