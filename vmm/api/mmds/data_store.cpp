// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/mmds/data_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace skiff::api {
namespace {

/// A part of a pointer as the key that it stands for (RFC 6901, 4).
std::string unescaped(std::string_view part) {
    std::string key;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool is_escape =
            part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1');
        key += is_escape ? (part[++i] == '0' ? '~' : '/') : part[i];
    }
    return key;
}

template <typename Object>
auto find_member(Object& object, std::string_view key) {
    return std::find_if(object.begin(), object.end(),
                        [key](const auto& member) { return member.key == key; });
}

const JsonValue* child(const JsonValue& value, std::string_view part) {
    if (const JsonValue::Object* const object = value.object()) {
        const auto member = find_member(*object, unescaped(part));
        return member == object->end() ? nullptr : &member->value;
    }
    const JsonValue::Array* const array = value.array();
    if (array == nullptr || (part.size() > 1 && part.front() == '0')) {
        return nullptr;
    }
    std::size_t index = 0;
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_index = failure == std::errc() && end == part.data() + part.size();
    return is_index && index < array->size() ? &(*array)[index] : nullptr;
}

}  // namespace

Result<void> DataStore::put(JsonValue data) {
    if (data.object() == nullptr) {
        return Error::user(fmt::format("metadata is one JSON object, this is {}", data.describe()));
    }
    return take_over(std::move(data));
}

Result<void> DataStore::patch(const JsonValue& patch) {
    if (is_empty_) {
        return Error::user("there is no metadata yet that could be changed: PUT /mmds makes it");
    }
    if (patch.object() == nullptr) {
        return Error::user(
            fmt::format("a patch of metadata is a JSON object, this is {}", patch.describe()));
    }
    JsonValue changed = data_;
    merge(changed, patch);
    return take_over(std::move(changed));
}

Result<void> DataStore::take_over(JsonValue data) {
    if (const std::size_t bytes = data.text().size(); bytes > max_bytes_) {
        return Error::user(fmt::format(
            "the metadata would have {} bytes, more than the {} that --mmds-size-limit allows",
            bytes, max_bytes_));
    }
    data_ = std::move(data);
    is_empty_ = false;
    return {};
}

const JsonValue* DataStore::find(std::string_view path) const {
    const JsonValue* value = is_empty_ ? nullptr : &data_;
    while (value != nullptr && !path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (!part.empty()) {
            value = child(*value, part);
        }
    }
    return value;
}

void merge(JsonValue& target, const JsonValue& patch) {
    const JsonValue::Object* const changes = patch.object();
    if (changes == nullptr) {
        target = patch;
        return;
    }
    if (target.object() == nullptr) {
        target = JsonValue(JsonValue::Object());
    }
    JsonValue::Object& object = *target.object();
    for (const JsonValue::Member& change : *changes) {
        const auto member = find_member(object, change.key);
        if (change.value.is_null()) {
            if (member != object.end()) {
                object.erase(member);
            }
        } else if (member != object.end()) {
            merge(member->value, change.value);
        } else {
            object.push_back({change.key, JsonValue()});
            merge(object.back().value, change.value);
        }
    }
}

Result<std::string> imds_text(const JsonValue& value) {
    if (const std::string* const string = value.string()) {
        return *string;
    }
    const JsonValue::Object* const object = value.object();
    if (object == nullptr) {
        return Error::user("Cannot retrieve value. The value has an unsupported type.");
    }
    std::string text;
    for (const JsonValue::Member& member : *object) {
        text += text.empty() ? "" : "\n";
        text += member.key + (member.value.object() != nullptr ? "/" : "");
    }
    return text;
}

}  // namespace skiff::api
