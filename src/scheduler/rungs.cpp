#include "scheduler/rungs.hpp"

#include "core/error.hpp"

namespace stemma {

namespace {

void check(Resource min, Resource max, std::int64_t eta, std::int64_t s) {
    if (min >= 1 && max >= min && eta >= 2 && s >= 0) return;
    throw UserError("scheduler: 1 <= min <= max, eta >= 2 and early_stopping_rate >= 0 are needed; got min = " +
                    std::to_string(min) + ", max = " + std::to_string(max) + ", eta = " + std::to_string(eta) +
                    ", early_stopping_rate = " + std::to_string(s));
}

}  // namespace

std::vector<Resource> rung_resources(Resource min, Resource max, std::int64_t eta, std::int64_t s) {
    check(min, max, eta, s);
    // x * eta <= max exactly when x <= floor(max / eta), which cannot overflow.
    Resource resource = min;
    for (; s > 0; --s) {
        if (resource > max / eta) {
            throw UserError("scheduler: min * eta^early_stopping_rate is beyond max = " + std::to_string(max) +
                            ": lower early_stopping_rate or raise max");
        }
        resource *= eta;
    }
    std::vector<Resource> rungs{resource};
    while (rungs.back() <= max / eta) rungs.push_back(rungs.back() * eta);
    if (rungs.back() < max) rungs.push_back(max);
    return rungs;
}

std::vector<Resource> halving_resources(Resource min, Resource max, std::int64_t eta, std::int64_t s) {
    auto rungs = rung_resources(min, max, eta, s);  // checks
    rungs.resize(static_cast<std::size_t>(bracket_count(min, max, eta) - s));
    for (auto rung = rungs.rbegin(); rung != rungs.rend(); ++rung, max /= eta) *rung = max;
    return rungs;
}

int bracket_count(Resource min, Resource max, std::int64_t eta) {
    check(min, max, eta, 0);
    int count = 1;
    for (Resource resource = min; resource <= max / eta; resource *= eta) ++count;
    return count;
}

void extend_rungs(std::vector<Resource>& rungs, Resource min, Resource max, std::int64_t eta) {
    for (const auto resource : rung_resources(min, max, eta)) {
        if (resource > rungs.back()) rungs.push_back(resource);
    }
}

void extend_halving(std::vector<Resource>& rungs, Resource max, std::int64_t eta) {
    while (rungs.back() <= max / eta) rungs.push_back(rungs.back() * eta);
    if (rungs.back() < max) rungs.push_back(max);
}

std::string ladder_text(const std::vector<Resource>& rungs) {
    std::string text;
    for (const auto resource : rungs) text.append(" ").append(std::to_string(resource));
    return text;
}

}  // namespace stemma
