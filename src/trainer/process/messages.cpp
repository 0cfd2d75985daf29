#include "trainer/process/messages.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "core/printable.hpp"

namespace stemma {
namespace {

using Json = nlohmann::ordered_json;

/// Invalid UTF-8 in a parameter's name or text must not end a run. `ask` prints some of it, so control characters are
/// written as escapes.
std::string dumped(const Json& json) {
    auto text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return printable(text) == text ? text : json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

[[noreturn]] void refuse(const std::string& what) { throw ProtocolError(what); }

const Json& field(const Json& message, const char* name) {
    const auto at = message.find(name);
    if (at == message.end()) refuse("a \"" + message.at("type").get<std::string>() + "\" needs \"" + name + "\"");
    return *at;
}

std::uint64_t number_of(const Json& message, const char* name) {
    const auto& value = field(message, name);
    if (!value.is_number_unsigned()) refuse("\"" + std::string(name) + "\" must be an integer >= 0");
    return value.get<std::uint64_t>();
}

Resource resource_of(const Json& message, const char* name) {
    const auto value = number_of(message, name);
    if (value > (std::uint64_t{1} << 62U)) refuse("\"" + std::string(name) + "\" is beyond any training");
    return static_cast<Resource>(value);
}

std::string text_of(const Json& message, const char* name) {
    const auto at = message.find(name);
    if (at == message.end() || at->is_null()) return "";
    if (!at->is_string()) refuse("\"" + std::string(name) + "\" must be a text");
    return at->get<std::string>();
}

bool truth_of(const Json& message, const char* name) {
    const auto at = message.find(name);
    if (at == message.end()) return false;
    if (!at->is_boolean()) refuse("\"" + std::string(name) + "\" must be true or false");
    return at->get<bool>();
}

std::optional<double> metric_value(const std::string& name, const Json& value) {
    using Limits = std::numeric_limits<double>;
    if (value.is_null()) return std::nullopt;
    if (value.is_number()) return value.get<double>();
    if (value == "nan") return Limits::quiet_NaN();
    if (value == "inf") return Limits::infinity();
    if (value == "-inf") return -Limits::infinity();
    refuse("metric \"" + name + R"(" must be a number, null (not measured), "nan", "inf" or "-inf")");
}

NamedMetrics metrics_of(const Json& message) {
    const auto& table = field(message, "metrics");
    if (!table.is_object()) refuse("\"metrics\" must be a table of name and value");
    NamedMetrics out;
    for (const auto& [name, value] : table.items()) {
        out.emplace_back(name, metric_value(name, value));
    }
    return out;
}

FailureKind kind_of(const Json& message) {
    const auto text = text_of(message, "kind");
    return text.empty() ? FailureKind::exception : failure_named(text);
}

std::vector<std::string> names_of(const Json& list, const std::string& field) {
    const auto texts = [](const Json& value) { return value.is_string(); };
    if (!list.is_array() || !std::ranges::all_of(list, texts))
        refuse("\"" + field + "\" must be a list of parameters' names, or null");
    return list.get<std::vector<std::string>>();
}

ChildHello hello_of(const Json& message) {
    ChildHello hello;
    hello.protocol = static_cast<int>(std::min<std::uint64_t>(number_of(message, "protocol"), 1000000));
    hello.name = text_of(message, "name");
    if (message.contains("rank")) hello.rank = number_of(message, "rank");
    if (message.contains("ranks")) hello.ranks = number_of(message, "ranks");
    if (message.contains("at_once"))
        hello.at_once = static_cast<std::uint32_t>(std::min<std::uint64_t>(number_of(message, "at_once"), 1000000));
    const auto at = message.find("mutable");
    if (at == message.end() || at->is_null()) return hello;
    hello.can_change = names_of(*at, "mutable");
    return hello;
}

ChildReport report_of(const Json& message) {
    ChildReport report{number_of(message, "lease"), resource_of(message, "at"), metrics_of(message)};
    report.snapshot = truth_of(message, "snapshot");
    if (const auto unread = message.find("unread"); unread != message.end() && !unread->is_null())
        report.unread = names_of(*unread, "unread");
    return report;
}

FromChild message_of(const Json& message) {
    if (!message.is_object() || !message.contains("type") || !message["type"].is_string()) {
        refuse("a message must be a table with a text \"type\"");
    }
    const auto type = message["type"].get<std::string>();
    if (type == "hello") return hello_of(message);
    if (type == "progress") {
        return ChildProgress{number_of(message, "lease"), resource_of(message, "at"), metrics_of(message)};
    }
    if (type == "report") return report_of(message);
    if (type == "failure") {
        return ChildFailure{number_of(message, "lease"), kind_of(message), text_of(message, "error"),
                            text_of(message, "message")};
    }
    if (type == "unit")
        return ChildUnit{number_of(message, "lease"), resource_of(message, "at"), truth_of(message, "last")};
    refuse("there is no message \"" + type + "\"; a program sends hello, progress, report, failure and unit");
}

struct ToJson {
    Json operator()(bool value) const { return value; }
    Json operator()(std::int64_t value) const { return value; }
    Json operator()(double value) const { return value; }
    Json operator()(const std::string& value) const { return value; }
};

/// The active parameters by name.
Json table_of(const NamedConfiguration& configuration) {
    auto table = Json::object();
    const auto& space = configuration.space();
    for (std::size_t i = 0; i < space.size(); ++i) {
        const auto literal = space.literal(i, configuration.values()[i]);
        if (literal) table[space.parameters()[i].name] = std::visit(ToJson{}, *literal);
    }
    return table;
}

/// NumPy, JAX, XGBoost and others take seeds of at most 31 or 32 bits.
std::uint64_t for_libraries(std::uint64_t seed) { return seed & 0x7fffffffU; }

}  // namespace

FailureKind failure_named(const std::string& text) {
    for (const auto kind : {FailureKind::nonfinite, FailureKind::out_of_memory, FailureKind::infeasible,
                            FailureKind::device, FailureKind::exception, FailureKind::snapshot_unavailable}) {
        if (text == name_of(kind)) return kind;
    }
    refuse("there is no kind of failure \"" + text +
           "\"; there are nonfinite, out_of_memory, infeasible, device, exception and snapshot_unavailable");
}

std::optional<std::uint64_t> lease_of(const FromChild& message) {
    return std::visit(
        [](const auto& one) -> std::optional<std::uint64_t> {
            if constexpr (std::is_same_v<std::decay_t<decltype(one)>, ChildHello>) {
                return std::nullopt;
            } else {
                return one.lease;
            }
        },
        message);
}

FromChild parse_from_child(std::string_view json) {
    Json message;
    try {
        message = Json::parse(json);
    } catch (const Json::parse_error&) {
        const bool bare = json.find("NaN") != std::string_view::npos || json.find("Infinity") != std::string_view::npos;
        refuse(
            "a message is not JSON" +
            std::string(bare ? R"(, which has no NaN and no Infinity: write "nan", "inf" or "-inf" in quotes)" : "") +
            ": " + std::string(json.substr(0, 200)));
    }
    return message_of(message);
}

std::string welcome_json(const std::vector<MetricInfo>& metrics, std::string_view unit, std::uint32_t threads) {
    Json message{{"type", "welcome"}, {"protocol", process_protocol_version}, {"metrics", Json::array()}};
    for (const auto& metric : metrics) message["metrics"].push_back(metric.name);
    message["unit"] = unit;
    message["threads"] = threads;
    return dumped(message);
}

std::string lease_json(const LeaseText& lease) {
    const auto& request = *lease.request;
    Json message{{"type", "lease"},
                 {"lease", lease.lease},
                 {"member", request.member.value},
                 {"seed", for_libraries(request.seed)},
                 {"seed64", request.seed},
                 {"run_seed", for_libraries(lease.run_seed)},
                 {"from", request.from},
                 {"to", request.to},
                 {"max", request.max > 0 ? Json(request.max) : Json(nullptr)},
                 {"adopted", request.adopted}};
    message["configuration"] = table_of(request.configuration);
    message["parent_configuration"] =
        request.parent_configuration ? table_of(*request.parent_configuration) : Json(nullptr);
    message["start"] = lease.start.empty() ? Json(nullptr) : Json(lease.start);
    message["save"] = lease.save;
    if (lease.group) {
        message["rank"] = lease.group->rank;
        message["ranks"] = lease.group->ranks;
        const bool known = !lease.group->address.empty();
        message["address"] = known ? Json(lease.group->address) : Json(nullptr);
        message["port"] = known ? Json(lease.group->port) : Json(nullptr);
        message["own_start"] = lease.group->own_start.empty() ? Json(nullptr) : Json(lease.group->own_start);
    }
    return dumped(message);
}

std::string stop_json(std::uint64_t lease) { return dumped({{"type", "stop"}, {"lease", lease}}); }
std::string unit_json(const ChildUnit& unit) {
    return dumped({{"type", "unit"}, {"lease", unit.lease}, {"at", unit.at}, {"last", unit.last}});
}
std::string quit_json() { return dumped({{"type", "quit"}}); }

}  // namespace stemma
