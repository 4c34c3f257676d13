using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Uploads;

/// <summary>What is known about a resumable upload, as it is kept beside its bytes.</summary>
/// <param name="Id">Its name.</param>
/// <param name="CreatedAt">When it was opened, UTC.</param>
/// <param name="TouchedAt">When its last byte came, UTC.</param>
/// <param name="Length">Bytes of the whole, or null while unknown.</param>
/// <param name="Offset">Bytes that are durable and need not be sent again. Never decreases.</param>
/// <param name="Checksums">What the sender stated about the whole.</param>
/// <param name="Order">What is to happen with the bytes, in the words of whoever opened the upload.</param>
/// <param name="Outcome">What came of it, likewise; null while incomplete.</param>
/// <param name="Verified">SHA-256 of the whole once all bytes came and agreed with what was stated; from then on only the finishing is left, and
/// the bytes may have gone to the blob store already.</param>
public sealed record UploadState(
    UploadId Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset TouchedAt,
    long? Length,
    long Offset,
    ImmutableArray<StatedChecksum> Checksums,
    string Order,
    string? Outcome = null,
    Sha256Digest? Verified = null)
{
    /// <summary>True when all bytes came and were accepted.</summary>
    [JsonIgnore]
    public bool IsComplete => Outcome is not null;
}

/// <summary>The form of <see cref="UploadState"/> on disk.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(UploadState))]
internal sealed partial class UploadStateJson : JsonSerializerContext;
