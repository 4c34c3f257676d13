using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog.GarbageCollection;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Api;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Admin;

/// <summary>Reads bytes at rest again and mends what is rotten, telling how far it is.</summary>
/// <param name="request">What to read.</param>
/// <param name="actor">Who asks.</param>
/// <param name="cancellation">Stops.</param>
public delegate IAsyncEnumerable<VerifyProgress> Verification(VerifyRequest request, string actor, CancellationToken cancellation);

/// <summary>Carries out what the admin surface is told.</summary>
/// <param name="catalog">Mirrors and snapshots.</param>
/// <param name="collector">Garbage collection.</param>
/// <param name="verify">Scrub on demand.</param>
public sealed class AdminService(MirrorCatalog catalog, GarbageCollector collector, Verification verify)
{
    /// <summary>Most blobs that an answer to garbage collection lists as held.</summary>
    public const int MaxHeldListed = 10_000;

    /// <summary>True when mirrors are changed by approved changes only.</summary>
    public bool NeedsApproval { get; init; }

    internal async Task<MirrorDocument> CreateAsync(CreateMirrorRequest request, string actor, CancellationToken cancellation)
        => Documents.Mirror(await Direct().CreateMirrorAsync(
            MirrorName.Parse(request.Name), actor, Parse<MirrorKind>(request.Kind, "kind"), Parse<MirrorFormat>(request.Format, "format"),
            request.Description ?? "", ToRetention(request.Retention), IsPrivate(request.Access) ?? false, cancellation));

    internal async Task<MirrorDocument> UpdateAsync(string mirror, UpdateMirrorRequest request, string actor, CancellationToken cancellation)
        => Documents.Mirror(await Direct().UpdateMirrorAsync(
            MirrorName.Parse(mirror), request.Description, ToRetention(request.Retention), actor, IsPrivate(request.Access), cancellation));

    internal Task DeleteAsync(string mirror, string actor, CancellationToken cancellation)
        => Direct().DeleteMirrorAsync(MirrorName.Parse(mirror), actor, cancellation);

    internal Task<Publication> RollbackAsync(string mirror, RollbackRequest request, string actor, CancellationToken cancellation)
        => catalog.RollbackAsync(MirrorName.Parse(mirror), request.Snapshot, actor, request.Note ?? "", cancellation);

    internal async Task<GarbageCollectionDocument> CollectAsync(GarbageCollectionRequest request, string actor, CancellationToken cancellation)
    {
        var result = await collector.RunAsync(request.DryRun, actor, cancellation);
        return new GarbageCollectionDocument(
            result.DryRun,
            [.. result.Dropped.Select(static dropped => $"{dropped.Mirror}#{dropped.Number}")],
            [.. result.Swept.Select(static swept => new Api.SweptBlob(swept.Digest, swept.Size, swept.Reason.ToString().ToLowerInvariant()))],
            result.Swept.Sum(static swept => swept.Size),
            [.. result.Kept.Take(MaxHeldListed).Select(static kept => new HeldBlob(kept.Digest, kept.Size, kept.Reason.ToString()!))],
            result.Kept.Length, result.Kept.Sum(static kept => kept.Size));
    }

    internal IAsyncEnumerable<VerifyProgress> VerifyAsync(VerifyRequest request, string actor, CancellationToken cancellation)
    {
        if (request.Mirror is { } mirror)
            catalog.View.Get(MirrorName.Parse(mirror));
        return verify(request, actor, cancellation);
    }

    /// <summary>The catalog, for a change of mirrors that nobody has approved.</summary>
    private MirrorCatalog Direct() => !NeedsApproval ? catalog : throw Fault.Of(
        ChangeFault.NeedsApproval, FaultKind.Conflict, "Mirrors are made, changed and deleted by approved changes only here.",
        "Write what is there with 'entrepot change current mirrors > mirrors.yaml', edit it, and propose it: entrepot change propose mirrors --file mirrors.yaml --reason TEXT.").ToException();

    private static T Parse<T>(string? text, string what)
        where T : struct, Enum
    {
        if (text is null)
            return default;
        // Enum.TryParse would take numbers too.
        foreach (var value in Enum.GetValues<T>())
        {
            if (text.Equals(value.ToString(), StringComparison.OrdinalIgnoreCase))
                return value;
        }

        throw Fault.Of(
            AdminFault.UnknownKind, FaultKind.Invalid, $"'{text}' is not a {what} of mirror.",
            $"Use one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}.").ToException();
    }

    private static bool? IsPrivate(string? access) => access switch
    {
        null => null,
        "private" => true,
        "public" => false,
        _ => throw Fault.Of(AdminFault.UnknownAccess, FaultKind.Invalid, $"'{access}' does not say who may read a mirror.", "Use private or public.").ToException(),
    };

    private static Retention? ToRetention(RetentionDocument? document)
        => document is null ? null : new Retention(document.KeepSnapshots, document.KeepDays);
}
