#include "trainer/trainer.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "core/error.hpp"
#include "core/suggest.hpp"

namespace stemma {

std::string_view name_of(FailureKind kind) {
    switch (kind) {
        case FailureKind::none:
            return "none";
        case FailureKind::nonfinite:
            return "nonfinite";
        case FailureKind::out_of_memory:
            return "out_of_memory";
        case FailureKind::infeasible:
            return "infeasible";
        case FailureKind::device:
            return "device";
        case FailureKind::exception:
            return "exception";
        case FailureKind::snapshot_unavailable:
            return "snapshot_unavailable";
        case FailureKind::worker_lost:
            return "worker_lost";
        case FailureKind::timed_out:
            return "timed_out";
        case FailureKind::broken_program:
            return "broken_program";
    }
    return "unknown";
}

std::string readable_type(const std::exception& error) {
    const auto* raw = typeid(error).name();
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(raw, nullptr, nullptr, &status),
                                                          std::free);
    return status == 0 ? readable.get() : raw;
}

std::size_t selectable_metric(std::span<const MetricInfo> metrics, std::string_view name) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        if (metrics[i].name == name) {
            if (!metrics[i].held_out) return i;
            throw UserError("metric.name: \"" + std::string(name) +
                            "\" is held out: it is recorded, but no decision may see it; choose a validation metric");
        }
        if (!metrics[i].held_out) names.push_back(metrics[i].name);
    }
    std::string list;
    for (const auto& known : names) list += (list.empty() ? "" : ", ") + known;
    throw UserError("metric.name: the trainer does not report \"" + std::string(name) + "\"; it reports " +
                    (list.empty() ? "nothing that may rank members" : list) + did_you_mean(name, names));
}

}  // namespace stemma
