// SPDX-License-Identifier: Apache-2.0
#include "virtio/windows.h"

#include "runtime/boot_info.h"
#include "runtime/memory_access.h"

namespace payload::virtio {
namespace {

constexpr char kKey[] = "virtio_mmio.device=";
constexpr std::size_t kKeySize = sizeof(kKey) - 1;

/// Takes numbers and single characters off the front of a text.
class Reader {
  public:
    explicit Reader(Text text) : rest_(text) {}

    bool number(std::uint64_t& value) {
        const bool hexadecimal =
            rest_.size > 2 && rest_.data[0] == '0' && (rest_.data[1] | 0x20) == 'x';
        if (hexadecimal) {
            drop(2);
        }
        const std::size_t before = rest_.size;
        value = 0;
        for (unsigned digit = 0; next_digit(hexadecimal ? 16 : 10, digit); drop(1)) {
            value = value * (hexadecimal ? 16 : 10) + digit;
        }
        return rest_.size != before;
    }

    bool character(char wanted) {
        if (rest_.size == 0 || rest_.data[0] != wanted) {
            return false;
        }
        drop(1);
        return true;
    }

    bool is_at_end() const { return rest_.size == 0; }

  private:
    void drop(std::size_t count) { rest_ = {rest_.data + count, rest_.size - count}; }

    bool next_digit(unsigned base, unsigned& digit) const {
        if (rest_.size == 0) {
            return false;
        }
        const char character = rest_.data[0];
        const char lower = static_cast<char>(character | 0x20);
        if (character >= '0' && character <= '9') {
            digit = static_cast<unsigned>(character - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            digit = static_cast<unsigned>(lower - 'a') + 10;
        } else {
            return false;
        }
        return digit < base;
    }

    Text rest_;
};

/// A size may end in K, M or G as Linux's memparse() has it.
bool read_size(Reader& reader, std::uint64_t& size) {
    if (!reader.number(size)) {
        return false;
    }
    for (const char* unit = "KkMmGg"; *unit != '\0'; ++unit) {
        if (reader.character(*unit)) {
            const char lower = static_cast<char>(*unit | 0x20);
            size <<= lower == 'k' ? 10 : lower == 'm' ? 20 : 30;
            break;
        }
    }
    return true;
}

bool parse(Text value, Window& window) {
    Reader reader(value);
    std::uint64_t irq = 0;
    std::uint64_t id = 0;
    if (!read_size(reader, window.size) || !reader.character('@') ||
        !reader.number(window.address) || !reader.character(':') || !reader.number(irq)) {
        return false;
    }
    window.irq = static_cast<std::uint32_t>(irq);
    return reader.is_at_end() || (reader.character(':') && reader.number(id) && reader.is_at_end());
}

/// The word that begins at or after `from`; `from` moves to its end.
Text next_word(Text line, std::size_t& from) {
    while (from < line.size && line.data[from] == ' ') {
        ++from;
    }
    const std::size_t begin = from;
    while (from < line.size && line.data[from] != ' ') {
        ++from;
    }
    return {line.data + begin, from - begin};
}

}  // namespace

bool announced_window(unsigned number, Window& window) {
    const Text line = command_line();
    std::size_t at = 0;
    for (Text word = next_word(line, at); word.size != 0; word = next_word(line, at)) {
        if (word.size <= kKeySize || memcmp(word.data, kKey, kKeySize) != 0) {
            continue;
        }
        Window found;
        if (!parse({word.data + kKeySize, word.size - kKeySize}, found) ||
            !map_gibibyte(found.address)) {
            print("cannot use ", word, "\n");
            continue;
        }
        if (number-- == 0) {
            window = found;
            return true;
        }
    }
    return false;
}

}  // namespace payload::virtio
