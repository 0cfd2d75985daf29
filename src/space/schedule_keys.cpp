#include "space/schedule_keys.hpp"

namespace stemma {

std::vector<std::string> schedule_keys(const SearchSpace& space) {
    std::vector<std::string> keys;
    for (const auto& parameter : space.parameters()) keys.push_back(parameter.name);
    for (auto& key : keys) {
        if (key != "to") continue;
        while (key == "to" || space.find(key)) key += "_";
    }
    return keys;
}

}  // namespace stemma
