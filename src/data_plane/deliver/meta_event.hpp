// What a project is told of its deliveries (wire contract 6.12), made from what was just sent.
#pragma once

#include "common/crypto/seal.hpp"
#include "common/store/meta_events.hpp"
#include "data_plane/deliver/send.hpp"

namespace fairlead::deliver {

// "eventdelivery.success", ".failed" (final, discarded too) or ".updated" (to be tried again); null: the project does
// not want to know.
[[nodiscard]] const char* meta_event_type(const MetaEventSettings& settings, DeliveryStatus status);
// To be stored with the result: the delivery and its latest attempt, sealed.
[[nodiscard]] std::shared_ptr<const store::NewMetaEvent> make_meta_event(const char* type, const SendJob& job,
                                                                         const Sent& sent, TimePoint now, IdMaker& ids,
                                                                         const crypto::Sealer& sealer);

// The same for one that ends without being sent; endpoint and content are null if they are gone. Null: the project is
// gone, or does not want to know.
[[nodiscard]] std::shared_ptr<const store::NewMetaEvent> tell_of_unsent(
    const match::ProjectPtr& project, match::EndpointPtr endpoint, std::shared_ptr<const EventContent> content,
    const store::DeliveryResult& result, TimePoint now, IdMaker& ids, const crypto::Sealer& sealer);

}  // namespace fairlead::deliver
