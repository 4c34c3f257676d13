using Entrepot.Mirror.Scrubbing;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler;

/// <summary>Serves a file without any edge, from the origin in this process.</summary>
/// <exception cref="Core.Faults.FaultException">The bytes can't be had.</exception>
public delegate Task OriginFallback(HttpContext context, ServedFile file);

/// <summary>The usual fallback.</summary>
public static class OriginFallbacks
{
    /// <summary>Serves from a blob store, whose bytes are compared with their proof before they are sent.</summary>
    public static OriginFallback FromStore(BlobTrust trust) => async (context, file) =>
    {
        using var handle = trust.Store.OpenRead(file.Entry.Digest);
        await ContentResponder.RespondAsync(
            context, new ContentHeaders(file.Entry.Digest, file.Entry.Path.FileName, file.Entry.Modified, ContentHeaders.Revalidate),
            new BlobBody(trust, file.Entry.Digest, handle, file.Entry.Size));
    };
}
