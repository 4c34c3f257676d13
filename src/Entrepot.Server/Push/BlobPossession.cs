using Entrepot.Core.Identities;
using Entrepot.Server.Access;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Push;

/// <summary>Who may make use of a stored blob without sending its bytes: whoever may read it, and whoever has sent it lately. To anybody else it is
/// as though it were not stored, or a digest alone would open what a private mirror holds.</summary>
/// <param name="content">Who may read what; null where nothing is private.</param>
public sealed class BlobPossession(ContentAccess? content)
{
    /// <summary>Blobs that are remembered in each of two generations. Who is forgotten sends the bytes once more.</summary>
    public const int Generation = 100_000;

    private readonly Lock _gate = new();
    private HashSet<(string Who, Sha256Digest Digest)> _young = [];
    private HashSet<(string Who, Sha256Digest Digest)> _old = [];

    /// <summary>True when the requester may make use of a blob that is stored.</summary>
    public bool Has(HttpContext context, Sha256Digest digest)
        => content is not { IsGuarded: true } || content.MayRead(context, digest) || WasSentBy(Requester.Of(context).Name, digest);

    /// <summary>Remembers that the requester has sent a blob.</summary>
    public void Note(HttpContext context, Sha256Digest digest)
    {
        if (content is not { IsGuarded: true })
            return;
        lock (_gate)
        {
            if (_young.Count >= Generation)
                (_old, _young) = (_young, []);
            _young.Add((Requester.Of(context).Name, digest));
        }
    }

    private bool WasSentBy(string who, Sha256Digest digest)
    {
        lock (_gate)
            return _young.Contains((who, digest)) || _old.Contains((who, digest));
    }
}
