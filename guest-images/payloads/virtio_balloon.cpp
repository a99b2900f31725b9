// SPDX-License-Identifier: Apache-2.0
// A balloon's driver that does what the lines say that it reads from the serial port; each is
// answered by one line that begins with the word. FIRST and COUNT are pages of its area:
//
//   touch FIRST COUNT      writes a word to each page
//   look FIRST COUNT       how many pages hold it, and how many zero
//   inflate|deflate|report FIRST COUNT
//   actual PAGES           tells the device how large the balloon is
//   target                 what the device wants
//   follow                 waits for another target (or takes one that differs already), and
//   inflates
//                          or deflates from the area's beginning until it is reached
//   statistics FREE TOTAL  a buffer of statistics, in bytes
//   again FREE TOTAL       the same, once the device has given the one before back
//   hint FIRST COUNT       waits for a run of hints, gives these pages, says STOP, waits for DONE
//   early FIRST COUNT      the same, but waits for DONE before it says STOP
//   end
//
// Options: `area=PAGES`.
#include "runtime/boot_info.h"
#include "runtime/io_port.h"
#include "runtime/patience.h"
#include "runtime/run_payload.h"
#include "runtime/serial_registers.h"
#include "virtio/interrupt.h"
#include "virtio_balloon/balloon.h"
#include "virtio_balloon/pages.h"

namespace payload {
namespace {

namespace config = virtio::balloon::config;

Balloon balloon;
std::uint32_t in_balloon = 0;

/// One line: a word and two numbers (0 where there is none).
struct Command {
    char word[32];
    std::size_t size = 0;
    std::uint64_t numbers[2] = {};
    unsigned number_count = 0;
};

char next_key() {
    while ((in8(kSerialPort + serial::kLineStatus) & serial::kDataReady) == 0) {
    }
    return static_cast<char>(in8(kSerialPort + serial::kData));
}

Command read_command() {
    Command command;
    bool in_number = false;
    for (char key = next_key(); key != '\n' && key != '\r'; key = next_key()) {
        if (key >= '0' && key <= '9' && command.number_count <= 2) {
            command.number_count += in_number ? 0 : 1;
            in_number = true;
            std::uint64_t& number = command.numbers[command.number_count == 2 ? 1 : 0];
            number = number * 10 + static_cast<std::uint64_t>(key - '0');
        } else if (key >= 'a' && key <= 'z' && command.size < sizeof command.word) {
            command.word[command.size++] = key;
        } else {
            in_number = false;
        }
    }
    return command;
}

std::uint64_t address_of(std::uint64_t page) {
    return balloon.area() + page * 4096;
}

bool is_run(std::uint32_t command) {
    return command > virtio::balloon::kDone;
}

bool await_hint_command(bool running) {
    return wait_until(
        [running] { return is_run(balloon.config(config::kHintCommand)) == running; });
}

/// Waits for a run; `stops_early`: tells as if there were no end, until the device has enough.
bool hint(const std::uint64_t* range, bool stops_early) {
    if (!await_hint_command(true)) {
        return false;
    }
    const bool sent = balloon.send_hint_command(balloon.config(config::kHintCommand)) &&
                      balloon.hint(range[0], range[1]);
    print("hint sent\n");
    return sent && (!stops_early || await_hint_command(false)) &&
           balloon.send_hint_command(virtio::balloon::kStop) && await_hint_command(false) &&
           balloon.config(config::kHintCommand) == virtio::balloon::kDone;
}

bool follow() {
    std::uint32_t seen = virtio::interrupt_counts(balloon.device()).configuration;
    print("follow from ", std::uint64_t{in_balloon}, "\n");
    std::uint32_t target = balloon.config(config::kTargetPages);
    while (target == in_balloon) {
        if (!virtio::sleep_until_configuration_change(balloon.device(), seen)) {
            return false;
        }
        seen = virtio::interrupt_counts(balloon.device()).configuration;
        target = balloon.config(config::kTargetPages);
    }
    const bool done = target > in_balloon ? balloon.inflate(in_balloon, target - in_balloon)
                                          : balloon.deflate(target, in_balloon - target);
    in_balloon = target;
    balloon.set_config(config::kActualPages, target);
    print("follow to ", std::uint64_t{target}, "\n");
    return done;
}

bool look(const std::uint64_t* range) {
    const pages::Content content = pages::look(address_of(range[0]), range[1]);
    print("look touched ", content.touched, " zero ", content.zero, "\n");
    return true;
}

/// False where the device does not do its part.
bool obey(const Command& command) {
    const auto is = [&command](const char* word) {
        return Text{command.word, command.size} == text(word);
    };
    const std::uint64_t* const numbers = command.numbers;
    if (is("touch")) {
        pages::touch(address_of(numbers[0]), numbers[1]);
        return true;
    }
    if (is("look")) {
        return look(numbers);
    }
    if (is("inflate")) {
        return balloon.inflate(numbers[0], numbers[1]);
    }
    if (is("deflate")) {
        return balloon.deflate(numbers[0], numbers[1]);
    }
    if (is("report")) {
        return balloon.report(numbers[0], numbers[1]);
    }
    if (is("actual")) {
        balloon.set_config(config::kActualPages, static_cast<std::uint32_t>(numbers[0]));
        return balloon.config(config::kActualPages) == numbers[0];
    }
    if (is("target")) {
        print("target is ", std::uint64_t{balloon.config(config::kTargetPages)}, "\n");
        return true;
    }
    if (is("follow")) {
        return follow();
    }
    if (is("statistics")) {
        return balloon.give_statistics(numbers[0], numbers[1]);
    }
    if (is("again")) {
        return balloon.await_statistics_buffer() && balloon.give_statistics(numbers[0], numbers[1]);
    }
    if (is("hint") || is("early")) {
        return hint(numbers, is("early"));
    }
    print("no such command\n");
    return false;
}

}  // namespace

std::uint8_t run() {
    if (!balloon.start(option("area", std::uint64_t{1024}))) {
        print("the balloon does not come up\n");
        return 1;
    }
    pages::set_up();
    virtio::enable_interrupt(balloon.device());
    print("balloon features ", Hex{balloon.features()}, " target ",
          std::uint64_t{balloon.config(config::kTargetPages)}, "\n");
    std::uint8_t status = 0;
    while (true) {
        const Command command = read_command();
        const Text word = {command.word, command.size};
        if (word == text("end")) {
            return status;
        }
        const bool done = obey(command);
        status = done ? status : 1;
        print(word, done ? " done\n" : " FAILED\n");
    }
}

}  // namespace payload
