#include "platform/slurm_job.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "core/error.hpp"
#include "platform/texts.hpp"

namespace stemma {
namespace {

/// Key and value of one job, or of one component of it.
using Record = std::map<std::string, std::string, std::less<>>;

/// Values of these keys may hold blanks and end with the line.
constexpr std::array whole_line{"JobName",       "Command", "WorkDir", "StdErr", "StdIn",      "StdOut",
                                "SystemComment", "Comment", "Network", "Power",  "BurstBuffer"};

/// What scontrol writes for an option that was not given.
constexpr std::array nothing{"", "(null)", "N/A", "None", "Unknown", "*", "0", "00:00:00", "/dev/null"};

/// Keys whose value is the value of an option, unchanged.
constexpr std::array<std::pair<std::string_view, std::string_view>, 29> same_value{{
    {"JobName", "job-name"},
    {"Account", "account"},
    {"QOS", "qos"},
    {"Nice", "nice"},
    {"TimeLimit", "time"},
    {"TimeMin", "time-min"},
    {"Deadline", "deadline"},
    {"Partition", "partition"},
    {"ReqNodeList", "nodelist"},
    {"ExcNodeList", "exclude"},
    {"NumNodes", "nodes"},
    {"Socks/Node", "sockets-per-node"},
    {"CoreSpec", "core-spec"},
    {"MinMemoryNode", "mem"},
    {"MinMemoryCPU", "mem-per-cpu"},
    {"MinTmpDiskNode", "tmp"},
    {"Features", "constraint"},
    {"DelayBoot", "delay-boot"},
    {"Reservation", "reservation"},
    {"Licenses", "licenses"},
    {"Network", "network"},
    {"WorkDir", "chdir"},
    {"Comment", "comment"},
    {"StdErr", "error"},
    {"StdIn", "input"},
    {"StdOut", "output"},
    {"Switches", "switches"},
    {"MailUser", "mail-user"},
    {"MailType", "mail-type"},
}};

/// Keys that would need an option but have none here.
constexpr std::array without_option{"BurstBuffer", "Power", "MCS_label"};

bool is_nothing(std::string_view value) { return std::ranges::find(nothing, value) != nothing.end(); }
bool takes_line(std::string_view key) { return std::ranges::find(whole_line, key) != whole_line.end(); }

void read_line(std::string_view line, Record& record) {
    while (true) {
        line = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) return;
        const auto key = line.substr(0, equals);
        const auto end = takes_line(key) ? line.size() : std::min(line.find(' ', equals), line.size());
        record.emplace(key, trimmed(line.substr(equals + 1, end - equals - 1)));
        line.remove_prefix(end);
    }
}

std::vector<Record> records_of(std::string_view text) {
    std::vector<Record> records;
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("JobId=")) records.emplace_back();
        if (!records.empty()) read_line(line, records.back());
    }
    if (records.empty()) throw UserError("no job: the text of `scontrol show job` is expected on standard input");
    return records;
}

/// The options of one component.
class Component {
public:
    Component(const Record& record, const Environment& environment, std::string environment_suffix)
        : record_(record), environment_(environment), suffix_(std::move(environment_suffix)) {}

    void append_to(SbatchOptions& options) {
        for (const auto& [key, option] : same_value) add(option, value(key));
        tasks();
        flags();
        memory_of_node();
        add("distribution", variable("SLURM_DISTRIBUTION"));
        resources_per_node();
        add("gpus", gpus("TresPerJob"));
        add("gpus-per-socket", gpus("TresPerSocket"));
        add("gpus-per-task", gpus("TresPerTask"));
        add("mem-per-gpu", after_name("MemPerTres"));
        add("gpu-bind", after_name("TresBind"));
        add("gpu-freq", after_name("TresFreq"));
        add("ntasks-per-gpu", value("NtasksPerTRES"));
        for (const auto* key : without_option) {
            if (!value(key).empty()) left_out_.push_back(std::string(key) + "=" + value(key));
        }
        options.words.insert(options.words.end(), words_.begin(), words_.end());
        options.left_out.insert(options.left_out.end(), left_out_.begin(), left_out_.end());
    }

private:
    std::string value(std::string_view key) const {
        const auto found = record_.find(key);
        if (found == record_.end()) return "";
        const auto& text = found->second;
        // A job may be called "0", and a comment may be "None".
        const bool unset = takes_line(key) ? text == "(null)" || text == "/dev/null" : is_nothing(text);
        return unset ? "" : text;
    }
    std::string variable(const std::string& name) const {
        const auto found = environment_.find(name + suffix_);
        return found == environment_.end() ? "" : found->second;
    }
    void add(std::string_view option, const std::string& text) {
        if (!text.empty()) words_.push_back("--" + std::string(option) + "=" + text);
    }

    void tasks() {
        const auto shape = split(value("NtasksPerN:B:S:C"), ':');
        const auto at = [&](std::size_t place) {
            return place >= shape.size() || is_nothing(shape[place]) ? "" : shape[place];
        };
        add("ntasks-per-node", at(0));
        if (at(0).empty()) add("ntasks", value("NumTasks"));
        add("ntasks-per-socket", at(2));
        add("ntasks-per-core", at(3));
        // One of the two: sbatch refuses both together.
        const auto per_gpu = after_name("CpusPerTres");
        add("cpus-per-gpu", per_gpu);
        if (per_gpu.empty()) add("cpus-per-task", value("CPUs/Task"));
    }
    /// "0" stands for --mem=0, the node's whole memory. It also stands for a cluster where jobs get that by default.
    void memory_of_node() {
        const auto found = record_.find("MinMemoryNode");
        if (found != record_.end() && found->second == "0" && after_name("MemPerTres").empty())
            words_.emplace_back("--mem=0");
    }
    void flags() {
        const auto shared = value("OverSubscribe");
        if (shared == "NO") words_.emplace_back("--exclusive");
        if (shared == "USER") words_.emplace_back("--exclusive=user");
        if (shared == "MCS") words_.emplace_back("--exclusive=mcs");
        if (shared == "YES") words_.emplace_back("--oversubscribe");
        if (value("Contiguous") == "1") words_.emplace_back("--contiguous");
        if (value("Reboot") == "1") words_.emplace_back("--reboot");
        // The script's own line allows requeueing. This job's command line did not.
        if (const auto found = record_.find("Requeue"); found != record_.end() && found->second == "0")
            words_.emplace_back("--no-requeue");
        // The log has the first job's name. Its content stays.
        words_.emplace_back("--open-mode=append");
    }

    /// Items of "gres:gpu:a100:2,gres:shard:1" (since 23.02 "gres/gpu:..."), without the leading "gres:".
    std::vector<std::string> generic_resources(std::string_view key) {
        std::vector<std::string> items;
        for (auto item : split(value(key), ',')) {
            if (item.starts_with("gres:") || item.starts_with("gres/")) item.erase(0, 5);
            if (item.starts_with("cpu=") || item.starts_with("mem=")) continue;  // told by keys of their own
            std::ranges::replace(item, '=', ':');
            items.push_back(std::move(item));
        }
        return items;
    }
    /// The GPUs of a key, "a100:2". Other resources are left out.
    std::string gpus(std::string_view key) {
        std::string list;
        for (const auto& item : generic_resources(key)) {
            if (item.starts_with("gpu:")) {
                list += (list.empty() ? "" : ",") + item.substr(4);
            } else {
                left_out_.push_back(std::string(key) + "=" + item);
            }
        }
        return list;
    }
    /// sbatch adds up --gpus-per-node and --gres. Whichever of the two the first job had replaces the script's line.
    void resources_per_node() {
        const bool by_name = !variable("SLURM_GPUS_PER_NODE").empty();
        std::string gpus;
        std::string others;
        for (const auto& item : generic_resources("TresPerNode")) {
            auto& list = by_name && item.starts_with("gpu:") ? gpus : others;
            list += (list.empty() ? "" : ",") + (&list == &gpus ? item.substr(4) : item);
        }
        add("gpus-per-node", gpus);
        add("gres", others);
    }
    /// From "gres:gpu:100" or "gpu:100" to "100".
    std::string after_name(std::string_view key) {
        const auto items = generic_resources(key);
        if (items.empty() || !items.front().starts_with("gpu:")) return "";
        return items.front().substr(4);
    }

    const Record& record_;
    const Environment& environment_;
    std::string suffix_;
    std::vector<std::string> words_ = {};
    std::vector<std::string> left_out_ = {};
};

}  // namespace

SbatchOptions sbatch_options(std::string_view scontrol_text, const Environment& environment) {
    const auto records = records_of(scontrol_text);
    SbatchOptions options;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (i > 0) options.words.emplace_back(":");
        const auto suffix = records.size() > 1 ? "_HET_GROUP_" + std::to_string(i) : "";
        Component(records[i], environment, suffix).append_to(options);
    }
    return options;
}

}  // namespace stemma
