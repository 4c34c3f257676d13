using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Urls;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Edge;

/// <summary>By what an edge decides who may have which bytes.</summary>
/// <param name="IsGuarded">True since the network has, or had, a private mirror: a digest alone then opens nothing.</param>
/// <param name="Keys">Verify and sign addresses; empty for an edge that was given none.</param>
public sealed record ContentKeys(bool IsGuarded, IReadOnlyList<UrlKey> Keys)
{
    /// <summary>Of an edge that has not heard from its origin: nothing opens by a digest.</summary>
    public static ContentKeys Unknown { get; } = new(true, []);
}

/// <summary>What an edge knows of privacy: from the origin's answer to each heart-beat, or from the origin in the same process.</summary>
/// <param name="origin">Reads what the origin in this process knows; null when it is elsewhere.</param>
/// <param name="time">The clock.</param>
internal sealed class EdgeKeys(Func<ContentKeys>? origin, TimeProvider time) : IUrlKeys
{
    private ContentKeys _told = ContentKeys.Unknown;

    /// <summary>What is known now.</summary>
    public ContentKeys Current => origin?.Invoke() ?? Volatile.Read(ref _told);

    /// <inheritdoc/>
    public IReadOnlyList<UrlKey> Keys => Current.Keys;

    /// <inheritdoc/>
    public string? Sign(string path, string digest)
    {
        var (known, now) = (Current, time.GetUtcNow());
        // Not the key for the next hour, which others may not have yet.
        return known.Keys.LastOrDefault(key => key.Epoch <= now.ToUnixTimeSeconds() / 3600)?.Sign(path, digest, now);
    }

    /// <summary>The newest key that the edge has, told with its heart-beats; null for none.</summary>
    public long? Newest => Current.Keys is { Count: > 0 } keys ? keys[^1].Epoch : null;

    /// <summary>Takes over what the origin answered to a heart-beat.</summary>
    public void Learn(HeartbeatAnswer answer)
        => Volatile.Write(ref _told, new ContentKeys(answer.Guarded, [.. (answer.Keys ?? []).Select(static key => new UrlKey(key.Epoch, key.Secret))]));

    /// <summary>True when the address is signed for exactly this.</summary>
    public bool IsSigned(HttpContext context, string path, string digest) => SignedAddress.IsGood(context, Current.Keys, path, digest, time.GetUtcNow());

    /// <summary>Signs what this edge asks of the origin and of its peers; an address without a signature when it has no key.</summary>
    public Uri Sign(Uri address)
    {
        return Current.IsGuarded && Sign(address.AbsolutePath, "") is { } signature
            ? new Uri($"{address.AbsoluteUri}{(address.Query.Length == 0 ? '?' : '&')}{signature}")
            : address;
    }

    /// <summary>What a request is refused with that names bytes by their digest alone, or a private file, and is not signed for it.</summary>
    public static Fault Refusal(HttpContext context, Sha256Digest digest) => Fault.Of(
        EdgeFault.Signature, FaultKind.Forbidden,
        SignedAddress.IsStated(context.Request) ? "The address's signature is not good for it, or its time is over." : $"{digest} is not served to everybody, and the address is not signed.",
        "Ask the scheduler, with a credential if the mirror is private: it sends on with a signed address.");
}
