using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Api;

namespace Entrepot.Server.Push;

/// <summary>What is to happen with pushed bytes once they are verified: publish them as a file, or keep them as a blob.</summary>
/// <param name="Mirror">The mirror, or null for a blob.</param>
/// <param name="Path">The file's path, or null likewise.</param>
/// <param name="Digest">The blob's address, or null for a file.</param>
/// <param name="Modified">The file's own time, or null for the time of publishing.</param>
/// <param name="Condition">What must be at the path.</param>
/// <param name="Actor">Who asks, for the journal.</param>
internal sealed record PushOrder(
    MirrorName? Mirror, ContentPath? Path, Sha256Digest? Digest, DateTimeOffset? Modified, StatedCondition? Condition, string Actor);

/// <summary>A condition of the request in a form that can be kept with an unfinished upload.</summary>
/// <param name="Present">True for a file that must be there, false for one that must not.</param>
/// <param name="OneOf">The digests it may have; empty for any.</param>
internal sealed record StatedCondition(bool Present, ImmutableArray<Sha256Digest> OneOf)
{
    /// <summary>As the catalog judges it.</summary>
    public PathCondition ToPathCondition()
        => !Present ? PathCondition.Absent : OneOf.IsEmpty ? PathCondition.Present : PathCondition.OneOf(OneOf);
}

/// <summary>What came of a push.</summary>
/// <param name="IsNew">True when the file, or blob, was not there before: 201 instead of 200.</param>
/// <param name="Result">The answer's document.</param>
/// <param name="Location">Where the bytes can be had, or null when not known.</param>
internal sealed record PushOutcome(bool IsNew, PushResult Result, string? Location);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PushOrder))]
[JsonSerializable(typeof(PushOutcome))]
[JsonSerializable(typeof(long))]
internal sealed partial class PushJson : JsonSerializerContext;
