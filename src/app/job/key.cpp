#include "app/job/key.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/job/quantities.hpp"
#include "core/error.hpp"

namespace stemma {

namespace {

/// Look-ups among choices are linear.
constexpr std::size_t literals_max = 10'000;

/// Shortest text that reads back as the same number; whole numbers without exponent.
std::string number_text(double value) {
    if (std::abs(value) <= 0x1p53 && value == std::trunc(value))
        return std::to_string(static_cast<std::int64_t>(value));
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, result.ptr};
}

bool finite(double value) { return std::isfinite(value); }

std::string type_text(const Key& key) {
    switch (key.type) {
        case KeyType::text:
            return "a text";
        case KeyType::boolean:
            return "true or false";
        case KeyType::integer:
            return "an integer";
        case KeyType::number:
            return "a number";
        case KeyType::choice:
            return alternatives(key.allowed);
        case KeyType::duration:
            return "a duration (seconds, or such as \"90s\", \"15m\", \"1d12h\")";
        case KeyType::bytes:
            return "a size (bytes, or such as \"512MiB\", \"2GiB\")";
        case KeyType::literal:
            return "a number, a text, true or false";
        case KeyType::literals:
            return "a list of " + key.items + " with at least one item";
        case KeyType::table:
            return "a table";
        case KeyType::tables:
            return "a list of tables";
    }
    return "";
}

/// The number in `node` as this key understands it; nothing if it is of another type.
std::optional<Literal> quantity(const Key& key, const Node& node) {
    const auto* integer = std::get_if<std::int64_t>(&node.value);
    const auto* number = std::get_if<double>(&node.value);
    const auto* text = std::get_if<std::string>(&node.value);
    switch (key.type) {
        case KeyType::integer:
            if (integer != nullptr) return *integer;
            break;
        case KeyType::number:
            if (integer != nullptr) return static_cast<double>(*integer);
            if (number != nullptr && finite(*number)) return *number;
            break;
        case KeyType::duration:
            if (integer != nullptr) return static_cast<double>(*integer);
            if (number != nullptr && finite(*number)) return *number;
            if (text != nullptr) {
                if (const auto seconds = parse_duration(*text)) return *seconds;
            }
            break;
        case KeyType::bytes:
            if (integer != nullptr) return *integer;
            if (text != nullptr) {
                if (const auto bytes = parse_bytes(*text)) return static_cast<std::int64_t>(*bytes);
            }
            break;
        default:
            break;
    }
    return std::nullopt;
}

long double as_number(const Literal& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<long double>(*integer);
    return std::get<double>(value);
}

std::optional<Checked> check_text(const Key& key, const Node& node, const std::string& path, Diagnostics& diagnostics) {
    const auto* text = std::get_if<std::string>(&node.value);
    if (text == nullptr) {
        diagnostics.error(node.place, path, "must be " + allowed_text(key) + "; got " + found(node));
        return std::nullopt;
    }
    Checked checked{*text, 0, {}, &node};
    if (key.type == KeyType::choice) {
        const auto at = std::find(key.allowed.begin(), key.allowed.end(), *text);
        if (at == key.allowed.end()) {
            diagnostics.error(node.place, path,
                              "must be " + allowed_text(key) + "; got " + found(node) + suggestion(*text, key.allowed));
            return std::nullopt;
        }
        checked.index = at - key.allowed.begin();
    }
    return checked;
}

std::optional<Checked> check_literals(const Key& key, const Node& node, const std::string& path,
                                      Diagnostics& diagnostics) {
    Checked checked{Literal{}, 0, {}, &node};
    if (!node.is_list() || node.list().empty()) {
        diagnostics.error(node.place, path,
                          "must be " + allowed_text(key) + "; got " + (node.is_list() ? "an empty list" : found(node)));
        return std::nullopt;
    }
    if (node.list().size() > literals_max) {
        diagnostics.error(node.place, path,
                          "must have at most " + std::to_string(literals_max) + " items; got " +
                              std::to_string(node.list().size()) + " (an integer parameter has no such limit)");
        return std::nullopt;
    }
    for (const auto& item : node.list()) {
        Literal literal;
        const auto* number = std::get_if<double>(&item.value);
        if (!to_literal(item, literal) || (number != nullptr && !finite(*number))) {
            diagnostics.error(item.place, path, "must hold finite numbers, texts, true or false; got " + found(item));
            return std::nullopt;
        }
        checked.list.push_back(std::move(literal));
    }
    return checked;
}

}  // namespace

std::string Range::text() const {
    const bool has_low = low > -std::numeric_limits<double>::infinity();
    const bool has_high = high < std::numeric_limits<double>::infinity();
    if (has_low && has_high && !above_low && !below_high) return number_text(low) + " .. " + number_text(high);
    std::string out;
    if (has_low) out = (above_low ? "> " : ">= ") + number_text(low);
    if (has_high) out += (out.empty() ? "" : " and ") + std::string(below_high ? "< " : "<= ") + number_text(high);
    return out;
}

bool Key::applies(std::string_view variant) const {
    return only_for.empty() || std::find(only_for.begin(), only_for.end(), variant) != only_for.end();
}

std::string allowed_text(const Key& key) {
    if (!key.range.bounded()) return type_text(key);
    const std::string range = key.range.text();
    return type_text(key) + (range.find("..") != std::string::npos ? " in " : " ") + range;
}

std::optional<Checked> check_value(const Key& key, const Node& node, const std::string& path,
                                   Diagnostics& diagnostics) {
    const auto refuse = [&]() -> std::optional<Checked> {
        diagnostics.error(node.place, path, "must be " + allowed_text(key) + "; got " + found(node));
        return std::nullopt;
    };
    switch (key.type) {
        case KeyType::text:
        case KeyType::choice:
            return check_text(key, node, path, diagnostics);
        case KeyType::boolean:
            if (!std::holds_alternative<bool>(node.value)) return refuse();
            return Checked{std::get<bool>(node.value), 0, {}, &node};
        case KeyType::literals:
            return check_literals(key, node, path, diagnostics);
        case KeyType::literal: {
            Literal literal;
            const auto* number = std::get_if<double>(&node.value);
            if (!to_literal(node, literal) || (number != nullptr && !finite(*number))) return refuse();
            return Checked{literal, 0, {}, &node};
        }
        case KeyType::table:
            if (!node.is_table()) return refuse();
            return Checked{Literal{}, 0, {}, &node};
        case KeyType::tables: {
            const bool good = node.is_list() && std::all_of(node.list().begin(), node.list().end(),
                                                            [](const Node& item) { return item.is_table(); });
            if (!good) return refuse();
            return Checked{Literal{}, 0, {}, &node};
        }
        default:
            break;
    }
    const auto value = quantity(key, node);
    if (!value || !key.range.contains(as_number(*value))) return refuse();
    return Checked{*value, 0, {}, &node};
}

std::optional<Checked> default_of(const Key& key) {
    if (key.default_text.empty()) return std::nullopt;
    const std::string& text = key.default_text;
    Node node{{}, text};
    std::int64_t integer = 0;
    double number = 0;
    const char* end = text.data() + text.size();
    if (text == "true" || text == "false") {
        node.value = text == "true";
    } else if (std::from_chars(text.data(), end, integer).ptr == end) {
        node.value = integer;
    } else if (std::from_chars(text.data(), end, number).ptr == end) {
        node.value = number;
    }
    Diagnostics diagnostics("default", {});
    auto checked = check_value(key, node, key.name, diagnostics);
    ensure(checked.has_value(), "the default of the job key " + key.name + " does not pass its own check");
    checked->node = nullptr;
    return checked;
}

std::optional<Checked> absent_value(const Key& key, const Diagnostics& diagnostics) {
    if (!diagnostics.recorded() || key.before.empty()) return default_of(key);
    Key then = key;
    then.default_text = key.before;
    return default_of(then);
}

SectionShape shape_of(std::string path, const Key& selector, const Node* table) {
    const Node* given = table == nullptr ? nullptr : table->find("type");
    if (given == nullptr) return {std::move(path), selector.default_text, !selector.default_text.empty()};
    const auto* text = std::get_if<std::string>(&given->value);
    const bool known =
        text != nullptr && std::find(selector.allowed.begin(), selector.allowed.end(), *text) != selector.allowed.end();
    return {std::move(path), known ? *text : "", known};
}

}  // namespace stemma
