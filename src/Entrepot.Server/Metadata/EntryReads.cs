using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Metadata;

/// <summary>All files of a snapshot as lines, for those who follow the catalog.</summary>
internal static class EntryReads
{
    private const string Ndjson = "application/x-ndjson";
    private const int FlushAt = 64 << 10;

    /// <summary>Adds the endpoint.</summary>
    public static void MapEntryReads(this IEndpointRouteBuilder routes, MirrorCatalog catalog, ContentAccess content)
        => routes.MapRead(
                "/v1/mirrors/{mirror}/entries",
                (HttpContext context, string mirror, long? snapshot) => EntriesAsync(catalog, content, context, mirror, snapshot))
            .Needs(Permission.ContentRead)
            .Describe("GetEntries", "Get a snapshot's files", "One JSON document a line, sorted by path bytes: path, digest, size, time. With them a scheduler elsewhere keeps the catalog; the root digest proves paths and digests.")
            .Produces<EntryDocument>(StatusCodes.Status200OK, Ndjson)
            .Refuses(400, 404);

    private static async Task EntriesAsync(MirrorCatalog catalog, ContentAccess content, HttpContext context, string mirror, long? number)
    {
        var name = MirrorName.Parse(mirror);
        var current = content.Get(context, name).Current;
        var snapshot = number is null || number == current.Number ? current : await catalog.OpenSnapshotAsync(name, number.Value, context.RequestAborted);
        var response = context.Response;
        if (Validators.IsCurrent(context, ContentHeaders.EntityTag(snapshot.Root)))
            return;
        response.ContentType = Ndjson;
        response.Headers["X-Snapshot"] = snapshot.Number.ToString(CultureInfo.InvariantCulture);
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        var body = response.BodyWriter;
        await using var writer = new Utf8JsonWriter(body, new JsonWriterOptions { SkipValidation = true });
        var pending = 0L;
        foreach (var entry in snapshot.Entries)
        {
            JsonSerializer.Serialize(writer, new EntryDocument(entry.Path, entry.Digest, entry.Size, entry.Modified), ApiJson.Default.EntryDocument);
            pending += writer.BytesCommitted + writer.BytesPending + 1;
            await writer.FlushAsync(context.RequestAborted);
            writer.Reset();
            body.GetSpan(1)[0] = (byte)'\n';
            body.Advance(1);
            if (pending < FlushAt)
                continue;
            pending = 0;
            if ((await body.FlushAsync(context.RequestAborted)).IsCompleted)
                return;
        }
    }
}
