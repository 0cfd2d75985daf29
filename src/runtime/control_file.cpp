#include "runtime/control_file.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.hpp"

namespace stemma {

namespace {

using nlohmann::json;

json to_json(const InputBody& wish) {
    if (std::holds_alternative<StopRequested>(wish)) return {{"wish", "stop"}};
    if (const auto* stopped = std::get_if<MemberStopped>(&wish))
        return {{"wish", "stop_member"}, {"member", stopped->member.value}};
    const auto& changed = std::get<BudgetChanged>(wish);
    json object = {{"wish", "budget"},
                   {"members", changed.budget.members},
                   {"reports", changed.budget.reports},
                   {"resource", changed.budget.resource},
                   {"seconds", changed.budget.seconds},
                   {"max_resource", changed.max_resource}};
    if (changed.budget.target) object["target"] = *changed.budget.target;
    return object;
}

InputBody from_json(const json& object) {
    const auto wish = object.at("wish").get<std::string>();
    if (wish == "stop") return StopRequested{StopReason::user};
    if (wish == "stop_member") return MemberStopped{{object.at("member").get<std::uint64_t>()}};
    if (wish != "budget") throw UserError("unknown wish");
    BudgetChanged changed;
    changed.budget.members = object.at("members");
    changed.budget.reports = object.at("reports");
    changed.budget.resource = object.at("resource");
    changed.budget.seconds = object.at("seconds");
    if (object.contains("target")) changed.budget.target = object.at("target").get<double>();
    changed.max_resource = object.at("max_resource");
    return changed;
}

}  // namespace

std::filesystem::path control_path(const std::filesystem::path& run_file) { return run_file.string() + ".control"; }

void append_control(const std::filesystem::path& run_file, const InputBody& wish) {
    const auto path = control_path(run_file);
    std::ofstream out(path, std::ios::app);
    out << to_json(wish).dump() + "\n" << std::flush;
    if (!out) throw UserError(path.string() + ": cannot be written: check that you may write beside the run file");
}

ControlFile::ControlFile(std::filesystem::path run_file) : path_(control_path(run_file)) {
    std::error_code none;
    const auto size = std::filesystem::file_size(path_, none);
    if (!none) read_ = size;
}

std::vector<InputBody> ControlFile::poll() {
    std::vector<InputBody> wishes;
    std::error_code error;
    const auto size = std::filesystem::file_size(path_, error);
    if (error || size <= read_) return wishes;
    std::ifstream in(path_);
    in.seekg(static_cast<std::streamoff>(read_));
    std::string line;
    while (std::getline(in, line)) {
        if (in.eof()) break;  // the writer has not finished this line
        read_ += line.size() + 1;
        try {
            wishes.push_back(from_json(json::parse(line)));
        } catch (const std::exception&) {
            continue;  // not one of our lines: nothing that the search could do about it
        }
    }
    return wishes;
}

}  // namespace stemma
