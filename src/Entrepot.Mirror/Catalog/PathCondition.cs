using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>What must be at a path for an edit of it to go on; judged at the moment of publishing, so that of two edits made for the
/// same state only the first succeeds. Mirrors <c>If-Match</c> and <c>If-None-Match</c> (RFC 9110 §13.1).</summary>
public sealed class PathCondition
{
    private readonly bool? _present;
    private readonly ImmutableArray<Sha256Digest> _oneOf;

    private PathCondition(bool? present, ImmutableArray<Sha256Digest> oneOf) => (_present, _oneOf) = (present, oneOf);

    /// <summary>Nothing is asked for.</summary>
    public static PathCondition None { get; } = new(null, []);

    /// <summary>There must be no file: <c>If-None-Match: *</c>.</summary>
    public static PathCondition Absent { get; } = new(false, []);

    /// <summary>There must be a file: <c>If-Match: *</c>.</summary>
    public static PathCondition Present { get; } = new(true, []);

    /// <summary>The file must have one of these digests: <c>If-Match: "sha256:…"</c>.</summary>
    public static PathCondition OneOf(params ImmutableArray<Sha256Digest> digests) => new(true, digests);

    /// <summary>Judges what is at the path.</summary>
    /// <returns>Null when the condition holds.</returns>
    public Fault? Judge(ContentPath path, TreeEntry? entry) => (_present, entry) switch
    {
        (null, _) or (false, null) => null,
        (false, not null) => Failed($"'{path}' exists already, as {entry.Digest}.", "Choose another path, or send the file without the condition."),
        (true, null) => Failed($"There is no file '{path}'.", "Send the file without the condition."),
        (true, not null) when _oneOf.IsEmpty || _oneOf.Contains(entry.Digest) => null,
        (true, not null) => Failed($"'{path}' is {entry.Digest} now.", "Look at what was published meanwhile, then try again with that digest."),
    };

    private static Fault Failed(string message, string cure)
        => Fault.Of(CatalogFault.ConditionFailed, FaultKind.PreconditionFailed, message, cure);
}
