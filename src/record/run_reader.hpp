#pragma once
#include <functional>

#include "record/journal.hpp"

namespace stemma::record {

/// A recorded run in any storage.
class RunReader {
public:
    virtual ~RunReader() = default;
    virtual const RunHeader& header() const = 0;
    /// Every committed entry in order of sequence. O(entries) time, O(1) memory. Throws UserError on damage.
    virtual void entries(const std::function<void(const Entry&)>& take) = 0;
};

}  // namespace stemma::record
