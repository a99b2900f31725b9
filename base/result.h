// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace skiff {

/// Whose fault a failure is; decides the exit status (architecture.md, "Exit status").
enum class ErrorKind {
    kHost,  ///< The host failed us (KVM, files, memory): exit status 1.
    kUser,  ///< The command line or the configuration is wrong: exit status 2.
    // A command that a guest was to run, found out before the guest was started:
    kCommandNotExecutable,  ///< Exit status 126.
    kCommandNotFound,       ///< It, or something without which it cannot start: exit status 127.
};

/// A failure that is reported once, as one line: what was being done, to what, and what to do.
/// Guest errors never become an Error: they are answered in-band (architecture.md, failure kind 1).
class [[nodiscard]] Error {
  public:
    /// The user asked for something that cannot be. `message` says what, where, what to do.
    static Error user(std::string message) {
        return Error(ErrorKind::kUser, 0, std::move(message));
    }

    /// A host call failed: "`doing`: strerror(errno_value)". `doing` names the object too.
    static Error host(int errno_value, const std::string& doing);

    /// A host failure without an errno.
    static Error host(std::string message) {
        return Error(ErrorKind::kHost, 0, std::move(message));
    }

    ErrorKind kind() const { return kind_; }
    /// The errno of the host call that failed, 0 where there was none.
    int errno_value() const { return errno_value_; }
    const std::string& message() const { return message_; }
    /// What of a configuration is wrong, as a path: "drives[0].path_on_host"; empty where it is
    /// nothing of the kind. The message says it too.
    const std::string& field() const { return field_; }

    /// The same error, about this field.
    Error with_field(std::string field) const {
        Error error = *this;
        error.field_ = std::move(field);
        return error;
    }

    /// A command cannot be run, for which there are kinds of errors of its own.
    static Error command(ErrorKind kind, std::string message) {
        return Error(kind, 0, std::move(message));
    }

    /// The same error with "`context`: " before its message.
    Error with_context(const std::string& context) const {
        Error error = *this;
        error.message_ = context + ": " + message_;
        return error;
    }

  private:
    Error(ErrorKind kind, int errno_value, std::string message)
        : kind_(kind), errno_value_(errno_value), message_(std::move(message)) {}

    ErrorKind kind_;
    int errno_value_;
    std::string message_;
    std::string field_;
};

/// A value or the Error that prevented it. Reading the side that is not there is a CHECK failure.
template <typename T>
class [[nodiscard]] Result {
  public:
    // Implicit on purpose: `return value;` and `return Error::user(…);` both read naturally.
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & {
        SKIFF_CHECK(ok());
        return std::get<0>(state_);
    }
    const T& value() const& {
        SKIFF_CHECK(ok());
        return std::get<0>(state_);
    }
    T&& value() && {
        SKIFF_CHECK(ok());
        return std::get<0>(std::move(state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const {
        SKIFF_CHECK(!ok());
        return std::get<1>(state_);
    }

  private:
    std::variant<T, Error> state_;
};

/// Success, or the Error that prevented it.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }

    const Error& error() const {
        SKIFF_CHECK(!ok());
        return *error_;
    }

  private:
    std::optional<Error> error_;
};

}  // namespace skiff

#define SKIFF_CONCAT_INNER(a, b) a##b
#define SKIFF_CONCAT(a, b) SKIFF_CONCAT_INNER(a, b)

/// Evaluates an expression of type Result<…>; returns its Error from the enclosing function.
#define SKIFF_RETURN_IF_ERROR(expression)                           \
    do {                                                            \
        if (auto skiff_result = (expression); !skiff_result.ok()) { \
            return skiff_result.error();                            \
        }                                                           \
    } while (false)

/// `SKIFF_ASSIGN_OR_RETURN(auto fd, open_it());` binds the value or returns the Error.
#define SKIFF_ASSIGN_OR_RETURN(declaration, expression) \
    SKIFF_ASSIGN_OR_RETURN_INNER(SKIFF_CONCAT(skiff_result_, __LINE__), declaration, expression)
#define SKIFF_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
    auto result = (expression);                                       \
    if (!result.ok()) {                                               \
        return result.error();                                        \
    }                                                                 \
    declaration = std::move(result).value()
