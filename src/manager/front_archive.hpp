#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "manager/manager.hpp"
#include "manager/repeats.hpp"

namespace stemma {

/// The results of a search with several objectives that no other result dominates. O(front) for each result.
class FrontArchive {
public:
    /// Results below `final_from` do not count (see ManagerSettings).
    explicit FrontArchive(Resource final_from) : final_from_(final_from) {}

    /// `objectives`: of its means, minimized and finite.
    void consider(const ConfigurationResult& result, const Objectives& objectives);
    /// The largest resource is raised: the front stays the result until a member has reached the new end.
    void extend(Resource max_resource);

    std::span<const FrontEntry> front() const { return front_; }
    std::uint64_t dominated() const { return results_ - front_.size(); }

private:
    Resource final_from_;
    bool outdated_ = false;
    std::uint64_t results_ = 0;
    std::vector<FrontEntry> front_;
};

}  // namespace stemma
