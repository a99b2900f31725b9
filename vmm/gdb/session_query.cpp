// SPDX-License-Identifier: Apache-2.0
// What a client asks about the machine and the protocol: q and Q.
#include <fmt/format.h>

#include <algorithm>

#include "vmm/gdb/session.h"

namespace skiff::gdb {
namespace {

std::string_view after(std::string_view text, std::string_view prefix) {
    return text.substr(prefix.size());
}

/// A part of a document, as qXfer wants it: "OFFSET,LENGTH" in hex.
std::string part_of(std::string_view document, std::string_view range) {
    const auto offset = to_number(take_until(range, ','));
    const auto size = to_number(range);
    if (!offset.has_value() || !size.has_value()) {
        return "E01";
    }
    const std::size_t start =
        static_cast<std::size_t>(std::min<std::uint64_t>(*offset, document.size()));
    // Half a packet, as every byte may have to be escaped.
    const std::uint64_t limit = std::min<std::uint64_t>(*size, kMaxPacketBytes / 2 - 1);
    const std::string_view part = document.substr(start, static_cast<std::size_t>(limit));
    const bool last = start + part.size() == document.size();
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(part.data());
    return (last ? "l" : "m") + escape({bytes, part.size()});
}

std::string xml_text(std::string_view text) {
    std::string safe;
    for (const char character : text) {
        switch (character) {
            case '<':
                safe += "&lt;";
                break;
            case '&':
                safe += "&amp;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += character;
        }
    }
    return safe;
}

}  // namespace

void Session::on_query(std::string_view text) {
    if (text == "Supported" || text.starts_with("Supported:")) {
        supported(text);
    } else if (text.starts_with("Xfer:")) {
        transfer(after(text, "Xfer:"));
    } else if (text == "fThreadInfo") {
        reply(thread_list());
    } else if (text == "sThreadInfo") {
        reply("l");
    } else if (text.starts_with("ThreadExtraInfo,")) {
        thread_extra_info(after(text, "ThreadExtraInfo,"));
    } else if (text == "C") {
        reply(fmt::format("QC{:x}", cpu_ + 1));
    } else if (text == "Attached" || text.starts_with("Attached:")) {
        reply("1");  // the machine was there before the client: it asks before it kills
    } else if (text.starts_with("Rcmd,")) {
        monitor(after(text, "Rcmd,"));
    } else if (text == "Symbol::") {
        reply("OK");
    } else {
        reply("");
    }
}

void Session::on_set(std::string_view text) {
    if (text == "StartNoAckMode") {
        acks_end_ = true;
        reply("OK");
    } else {
        reply("");
    }
}

void Session::supported(std::string_view features) {
    reports_breakpoints_ = features.find("swbreak+") != std::string_view::npos;
    reply(
        fmt::format("PacketSize={:x};QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
                    "vContSupported+;binary-upload+;swbreak+;hwbreak+",
                    kMaxPacketBytes));
}

/// "OBJECT:read:ANNEX:OFFSET,LENGTH"
void Session::transfer(std::string_view arguments) {
    const std::string_view object = take_until(arguments, ':');
    const std::string_view operation = take_until(arguments, ':');
    const std::string_view annex = take_until(arguments, ':');
    if (operation != "read") {
        reply("");
    } else if (object == "features") {
        reply(annex == "target.xml" ? part_of(target_description(target_.vectors()), arguments)
                                    : "E00");
    } else if (object == "threads") {
        reply(part_of(threads_document(), arguments));
    } else {
        reply("");
    }
}

std::string Session::thread_list() const {
    std::string text = "m1";
    for (unsigned cpu = 1; cpu < target_.cpu_count(); ++cpu) {
        text += fmt::format(",{:x}", cpu + 1);
    }
    return text;
}

std::string Session::threads_document() const {
    std::string text = "<?xml version=\"1.0\"?>\n<threads>\n";
    for (unsigned cpu = 0; cpu < target_.cpu_count(); ++cpu) {
        text += fmt::format("<thread id=\"{:x}\" core=\"{}\" name=\"vcpu {}\">{}</thread>\n",
                            cpu + 1, cpu, cpu, xml_text(target_.describe_cpu(cpu)));
    }
    return text + "</threads>\n";
}

void Session::thread_extra_info(std::string_view thread) {
    const auto cpu = cpu_of(thread);
    if (!cpu.has_value()) {
        reply_error();
        return;
    }
    reply(to_hex(fmt::format("vcpu {}: {}", *cpu, target_.describe_cpu(*cpu))));
}

void Session::monitor(std::string_view hex) {
    const auto command = from_hex(hex);
    if (!command.has_value()) {
        reply_error();
        return;
    }
    const std::string answer = target_.monitor(cpu_, std::string(command->begin(), command->end()));
    // A long answer is cut off rather than sent in a packet that the client refuses.
    const std::string_view shown = std::string_view(answer).substr(0, kMaxPacketBytes / 2 - 1);
    reply(shown.empty() ? "OK" : to_hex(shown));
}

}  // namespace skiff::gdb
