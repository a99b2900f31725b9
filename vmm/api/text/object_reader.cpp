// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/text/object_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"

namespace skiff::api {

ObjectReader::ObjectReader(const JsonValue& value, std::string where)
    : object_(value.object()), where_(std::move(where)) {
    if (object_ == nullptr) {
        fail(Error::user(fmt::format("{}: an object was expected, this is {}",
                                     where_.empty() ? "the body" : where_, value.describe()))
                 .with_field(where_));
    }
}

std::string ObjectReader::path_of(std::string_view key) const {
    return where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key);
}

std::string ObjectReader::path_of(std::string_view key, std::size_t index) const {
    return fmt::format("{}[{}]", path_of(key), index);
}

void ObjectReader::fail(const Error& error) {
    if (!error_.has_value()) {
        error_ = error;
    }
}

void ObjectReader::refuse(std::string_view key, std::string_view message) {
    const std::string path = path_of(key);
    fail(Error::user(fmt::format("{}: {}", path, message)).with_field(path));
}

void ObjectReader::wrong_type(std::string_view key, std::string_view wanted,
                              const JsonValue& value) {
    refuse(key, fmt::format("{} was expected, this is {}", wanted, value.describe()));
}

const JsonValue* ObjectReader::find(std::string_view key, Presence presence,
                                    std::string_view wanted) {
    known_.push_back(key);
    if (object_ == nullptr) {
        return nullptr;
    }
    const auto found = std::find_if(object_->begin(), object_->end(),
                                    [&](const auto& member) { return member.key == key; });
    if (found != object_->end() && !found->value.is_null()) {
        return &found->value;
    }
    if (presence == kRequired) {
        const std::string path = path_of(key);
        if (!missing_.has_value()) {
            missing_ = Error::user(fmt::format("{}: missing: {} is needed", path, wanted))
                           .with_field(path);
        }
    }
    return nullptr;
}

const JsonValue::Array* ObjectReader::array(std::string_view key, Presence presence) {
    const JsonValue* const value = find(key, presence, "an array");
    if (value == nullptr) {
        return nullptr;
    }
    if (value->array() == nullptr) {
        wrong_type(key, "an array", *value);
    }
    return value->array();
}

const JsonValue* ObjectReader::member(std::string_view key, Presence presence) {
    return find(key, presence, "an object");
}

void ObjectReader::string(std::string_view key, Presence presence, std::string& field) {
    std::optional<std::string> read;
    string(key, presence, read);
    if (read.has_value()) {
        field = std::move(*read);
    }
}

void ObjectReader::string(std::string_view key, Presence presence,
                          std::optional<std::string>& field) {
    const JsonValue* const value = find(key, presence, "a string");
    if (value == nullptr) {
        return;
    }
    if (value->string() == nullptr) {
        wrong_type(key, "a string", *value);
    } else if (value->string()->find('\0') != std::string::npos) {
        refuse(key, "a NUL character cannot be part of it");
    } else {
        field = *value->string();
    }
}

void ObjectReader::boolean(std::string_view key, Presence presence, bool& field) {
    std::optional<bool> read;
    boolean(key, presence, read);
    field = read.value_or(field);
}

void ObjectReader::boolean(std::string_view key, Presence presence, std::optional<bool>& field) {
    const JsonValue* const value = find(key, presence, "true or false");
    if (value == nullptr) {
        return;
    }
    if (value->boolean() == nullptr) {
        wrong_type(key, "true or false", *value);
    } else {
        field = *value->boolean();
    }
}

void ObjectReader::number(std::string_view key, Presence presence, Range range,
                          std::uint64_t& field) {
    std::optional<std::uint64_t> read;
    number(key, presence, range, read);
    field = read.value_or(field);
}

void ObjectReader::number(std::string_view key, Presence presence, Range range,
                          std::optional<std::uint64_t>& field) {
    const JsonValue* const value = find(key, presence, "a number");
    if (value == nullptr) {
        return;
    }
    const std::uint64_t* const number = value->number();
    if (number == nullptr || *number < range.min || *number > range.max) {
        wrong_type(key, fmt::format("a whole number from {} to {}", range.min, range.max), *value);
    } else {
        field = *number;
    }
}

std::optional<std::size_t> ObjectReader::word_index(std::string_view key, Presence presence,
                                                    std::span<const std::string_view> words) {
    const std::string wanted = fmt::format("one of {}", fmt::join(words, ", "));
    const JsonValue* const value = find(key, presence, wanted);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->string() == nullptr) {
        wrong_type(key, wanted, *value);
        return std::nullopt;
    }
    const auto found = std::find(words.begin(), words.end(), *value->string());
    if (found == words.end()) {
        refuse(key, fmt::format("'{}' is not {}", *value->string(), wanted));
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - words.begin());
}

Result<void> ObjectReader::finish() {
    if (error_.has_value()) {
        return *error_;
    }
    for (const JsonValue::Member& member : *object_) {
        if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) {
            continue;
        }
        const std::string path = path_of(member.key);
        const std::string_view meant = nearest(member.key, known_);
        const std::string hint = meant.empty()
                                     ? fmt::format("known are {}", fmt::join(known_, ", "))
                                     : fmt::format("did you mean {}?", meant);
        return Error::user(fmt::format("{}: unknown key: {}", path, hint)).with_field(path);
    }
    return missing_.has_value() ? Result<void>(*missing_) : Result<void>();
}

}  // namespace skiff::api
