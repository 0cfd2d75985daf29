#include "runtime/control_file.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <type_traits>

#include "core/error.hpp"
#include "platform/own_files.hpp"

namespace stemma {

namespace {

using nlohmann::json;

json to_json(const ControlBody& body) {
    if (std::holds_alternative<input::StopRequested>(body)) return {{"wish", "stop"}};
    if (const auto* stopped = std::get_if<input::MemberStopped>(&body))
        return {{"wish", "stop_member"}, {"member", stopped->member.value}};
    const auto& budget = std::get<BudgetRequest>(body);
    json object = {{"wish", "budget"}};
    const auto add = [&](const char* name, const auto& limit) {
        if (limit) object[name] = *limit;
    };
    add("members", budget.members);
    add("reports", budget.reports);
    add("resource", budget.resource);
    add("seconds", budget.seconds);
    add("target", budget.target);
    if (budget.max_resource > 0) object["max_resource"] = budget.max_resource;
    return object;
}

template <class T>
std::optional<T> limit(const json& object, const char* name) {
    if (!object.contains(name)) return std::nullopt;
    const auto& value = object.at(name);
    const bool fits = std::is_integral_v<T> ? value.is_number_unsigned() : value.is_number();
    if (!fits) throw UserError("not a limit");
    return value.get<T>();
}

ControlBody body_from(const json& object) {
    const auto request = object.at("wish").get<std::string>();
    if (request == "stop") return input::StopRequested{StopReason::user};
    if (request == "stop_member") return input::MemberStopped{{object.at("member").get<std::uint64_t>()}};
    if (request != "budget") throw UserError("unknown wish");
    return BudgetRequest{.members = limit<std::uint64_t>(object, "members"),
                         .reports = limit<std::uint64_t>(object, "reports"),
                         .resource = limit<std::uint64_t>(object, "resource"),
                         .seconds = limit<double>(object, "seconds"),
                         .target = limit<double>(object, "target"),
                         .max_resource = limit<Resource>(object, "max_resource").value_or(0)};
}

/// One line, without its end. Nothing if the line is no request, or belongs to another run.
std::optional<json> object_of(const std::string& line, const std::string& run_id) {
    auto object = json::parse(line, nullptr, false);
    if (!object.is_object() || !object.contains("run") || object["run"] != run_id) return std::nullopt;
    return object;
}

bool append_line(const std::filesystem::path& path, const std::string& line) {
    try {
        make_file_to_append_to(path);
    } catch (const std::filesystem::filesystem_error&) {
        return false;
    }
    std::ofstream out(path, std::ios::app);
    out << line + "\n" << std::flush;
    return out.good();
}

}  // namespace

input::BudgetChanged changed_budget(Budget in_force, const BudgetRequest& request) {
    if (request.members) in_force.members = *request.members;
    if (request.reports) in_force.reports = *request.reports;
    if (request.resource) in_force.resource = *request.resource;
    if (request.seconds) in_force.seconds = *request.seconds;
    if (request.target) in_force.target = request.target;
    return {in_force, request.max_resource};
}

std::string command_of(const ControlBody& body) {
    if (std::holds_alternative<BudgetRequest>(body)) return "`stemma budget`";
    const auto* member = std::get_if<input::MemberStopped>(&body);
    return member == nullptr ? "`stemma stop`" : "`stemma stop --member " + std::to_string(member->member.value) + "`";
}

std::filesystem::path control_path(const std::filesystem::path& run_file) { return run_file.string() + ".control"; }

void append_control(const std::filesystem::path& run_file, const std::string& run_id, double asked,
                    const ControlBody& body) {
    auto object = to_json(body);
    object["run"] = run_id;
    object["asked"] = asked;
    const auto path = control_path(run_file);
    if (!append_line(path, object.dump())) {
        throw UserError(path.string() +
                        ": cannot be written: check that you may write beside the run file, and that this is no link");
    }
}

ControlFile::ControlFile(const std::filesystem::path& run_file, std::string run_id, std::uint64_t inputs)
    : path_(control_path(run_file)), run_id_(std::move(run_id)), inputs_(inputs) {}

std::vector<ControlRequest> ControlFile::poll() {
    std::vector<ControlRequest> requests;
    std::error_code error;
    const auto size = std::filesystem::file_size(path_, error);
    if (error || size <= read_) return requests;
    std::ifstream in(path_);
    in.seekg(static_cast<std::streamoff>(read_));
    std::string line;
    std::set<std::uintmax_t> done;
    while (std::getline(in, line)) {
        if (in.eof()) break;  // the writer has not finished this line
        const auto place = std::exchange(read_, read_ + line.size() + 1);
        const auto object = object_of(line, run_id_);
        if (!object) continue;
        try {
            if (object->contains("dropped")) {
                done.insert(object->at("dropped").get<std::uintmax_t>());
            } else if (object->contains("taken")) {
                const auto input = object->at("input").get<std::uint64_t>();
                if (input < inputs_) done.insert(object->at("taken").get<std::uintmax_t>());
            } else {
                requests.push_back({place, object->value("asked", 0.0), body_from(*object)});
            }
        } catch (const std::exception&) {
            continue;  // the search cannot correct this
        }
    }
    std::erase_if(requests, [&](const ControlRequest& request) { return done.contains(request.place); });
    return requests;
}

void ControlFile::take(const ControlRequest& request, std::uint64_t input) {
    append_line(path_, json{{"taken", request.place}, {"input", input}, {"run", run_id_}}.dump());
}

void ControlFile::drop(const ControlRequest& request) {
    append_line(path_, json{{"dropped", request.place}, {"run", run_id_}}.dump());
}

}  // namespace stemma
