// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/api/text/json_value.h"

namespace skiff::api {

/// Whether a key may be missing. Null counts as missing.
enum class Presence { kOptional, kRequired };

/// A word and what it stands for.
template <typename T>
struct Choice {
    std::string_view word;
    T value;
};

/// Reads the members of a JSON object, strictly: each read says what it takes, and finish() refuses
/// every key that nobody has read. The first error stands; what is read after it does not matter.
///
/// Fields whose key is missing keep the value that they have.
class ObjectReader {
  public:
    /// `where` is the object's path, for errors: "drives[0]"; empty: the whole body. `value`
    /// outlives the reader.
    ObjectReader(const JsonValue& value, std::string where);

    struct Range {
        std::uint64_t min = 0;
        std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
    };
    using enum Presence;

    void string(std::string_view key, Presence presence, std::string& field);
    void string(std::string_view key, Presence presence, std::optional<std::string>& field);
    void boolean(std::string_view key, Presence presence, bool& field);
    void boolean(std::string_view key, Presence presence, std::optional<bool>& field);
    void number(std::string_view key, Presence presence, Range range, std::uint64_t& field);
    void number(std::string_view key, Presence presence, Range range,
                std::optional<std::uint64_t>& field);
    /// One of these words.
    template <typename T, typename Field>
    void choice(std::string_view key, Presence presence, std::span<const Choice<T>> choices,
                Field& field) {
        std::vector<std::string_view> words;
        for (const auto& choice : choices) {
            words.push_back(choice.word);
        }
        if (const auto index = word_index(key, presence, words)) {
            field = choices[*index].value;
        }
    }
    /// An array, its elements to be read by readers of their own; null where it is missing.
    const JsonValue::Array* array(std::string_view key, Presence presence);
    /// The member, to be read by a reader of its own; null where it is missing.
    const JsonValue* member(std::string_view key, Presence presence);
    /// The path of a member.
    std::string path_of(std::string_view key) const;
    /// And of an element of an array: "where.key[2]".
    std::string path_of(std::string_view key, std::size_t index) const;

    /// Says that the member is wrong: "where.key: message".
    void refuse(std::string_view key, std::string_view message);
    /// Takes over an error of what was read by other means.
    void fail(const Error& error);

    /// The first error, or that of a key which nobody has read, or of one that is missing.
    Result<void> finish();

  private:
    const JsonValue* find(std::string_view key, Presence presence, std::string_view wanted);
    std::optional<std::size_t> word_index(std::string_view key, Presence presence,
                                          std::span<const std::string_view> words);
    void wrong_type(std::string_view key, std::string_view wanted, const JsonValue& value);

    const JsonValue::Object* object_ = nullptr;
    std::string where_;
    std::vector<std::string_view> known_;
    std::optional<Error> error_;
    std::optional<Error> missing_;  // told last: the key may be there, misspelt
};

}  // namespace skiff::api
