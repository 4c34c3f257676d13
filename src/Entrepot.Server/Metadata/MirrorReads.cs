using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Metadata;

/// <summary>Mirrors, their snapshots, and what is in them.</summary>
internal static class MirrorReads
{
    /// <summary>Adds the endpoints.</summary>
    public static void MapMirrorReads(this IEndpointRouteBuilder routes, MirrorCatalog catalog, ContentAccess content)
    {
        routes.MapRead("/v1/mirrors", ((HttpContext context) => ListAsync(content, context)))
            .Needs(Permission.ContentRead)
            .Describe("ListMirrors", "List the mirrors", "Sorted by name, each with its current snapshot.")
            .Produces<IReadOnlyList<MirrorDocument>>();
        routes.MapRead("/v1/mirrors/{mirror}", (HttpContext context, string mirror) => GetAsync(content, context, mirror))
            .Needs(Permission.ContentRead)
            .Describe("GetMirror", "Show a mirror", "Its settings and its current snapshot.")
            .Produces<MirrorDocument>()
            .Refuses(400, 404);
        routes.MapRead(
                "/v1/mirrors/{mirror}/snapshots",
                (HttpContext context, string mirror, long? before, int? count) => SnapshotsAsync(catalog, content, context, mirror, before, count))
            .Needs(Permission.ContentRead)
            .Describe("ListSnapshots", "List a mirror's snapshots", "Newest first; before=NUMBER gives the page of older ones, count at most 1,000.")
            .Produces<IReadOnlyList<SnapshotDocument>>()
            .Refuses(400, 404);
        routes.MapRead(
                "/v1/mirrors/{mirror}/snapshots/{number:long}",
                (HttpContext context, string mirror, long number) => SnapshotAsync(catalog, content, context, mirror, number))
            .Needs(Permission.ContentRead)
            .Describe("GetSnapshot", "Show a snapshot", "Without its files; see tree and listing.")
            .Produces<SnapshotDocument>()
            .Refuses(400, 404);
        routes.MapRead(
                "/v1/mirrors/{mirror}/snapshots/{from:long}/diff/{to:long}",
                (HttpContext context, string mirror, long from, long to) => DiffAsync(catalog, content, context, mirror, from, to))
            .Needs(Permission.ContentRead)
            .Describe("DiffSnapshots", "Compare two snapshots", "What was added, removed and changed on the way from the first to the second.")
            .Produces<SnapshotDiffDocument>()
            .Refuses(400, 404);
        routes.MapRead(
                "/v1/mirrors/{mirror}/listing",
                (HttpContext context, string mirror, long? snapshot) => ListingAsync(catalog, content, context, mirror, snapshot))
            .Needs(Permission.ContentRead)
            .Describe("GetListing", "Get a snapshot's listing", "One line for each file as sha256sum writes it, sorted by path bytes; its SHA-256 is the root digest.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain")
            .Refuses(400, 404);
        routes.MapRead(
                "/v1/mirrors/{mirror}/tree/{**path}",
                (HttpContext context, string mirror, string? path, long? snapshot) => TreeAsync(catalog, content, context, mirror, snapshot))
            .Needs(Permission.ContentRead)
            .Describe("GetTree", "Look up a path", "A file, or one level of a folder. Without a path the root folder.")
            .Produces<FileDocument>()
            .Produces<FolderDocument>()
            .Refuses(400, 404);
    }

    private static Task ListAsync(ContentAccess content, HttpContext context)
    {
        IReadOnlyList<MirrorDocument> mirrors = [.. content.Mirrors(context).Select(Documents.Mirror)];
        return JsonExchange.WriteAsync(context, mirrors, ApiJson.Default.IReadOnlyListMirrorDocument);
    }

    private static Task GetAsync(ContentAccess content, HttpContext context, string mirror)
        => JsonExchange.WriteAsync(context, Documents.Mirror(content.Get(context, MirrorName.Parse(mirror))), ApiJson.Default.MirrorDocument);

    private static Task SnapshotsAsync(MirrorCatalog catalog, ContentAccess content, HttpContext context, string mirror, long? before, int? count)
    {
        if (before is < 1 || count is < 1 or > MirrorCatalog.MaxPage)
            throw Invalid($"before={before}, count={count} is not a page.", $"Use before=1 or more and count=1–{MirrorCatalog.MaxPage}.");
        var name = MirrorName.Parse(mirror);
        var current = content.Get(context, name).Current.Number;
        IReadOnlyList<SnapshotDocument> page =
            [.. catalog.Snapshots(name, before, count ?? MirrorCatalog.MaxPage).Select(info => Documents.Snapshot(info, info.Number == current))];
        return JsonExchange.WriteAsync(context, page, ApiJson.Default.IReadOnlyListSnapshotDocument);
    }

    private static Task SnapshotAsync(MirrorCatalog catalog, ContentAccess content, HttpContext context, string mirror, long number)
    {
        var name = MirrorName.Parse(mirror);
        var isCurrent = number == content.Get(context, name).Current.Number;
        var snapshot = catalog.FindSnapshot(name, number);
        return JsonExchange.WriteAsync(context, Documents.Snapshot(snapshot, isCurrent), ApiJson.Default.SnapshotDocument);
    }

    private static async Task DiffAsync(MirrorCatalog catalog, ContentAccess content, HttpContext context, string mirror, long from, long to)
    {
        var name = MirrorName.Parse(mirror);
        content.Get(context, name);
        var roots = (From: catalog.FindSnapshot(name, from).Root, To: catalog.FindSnapshot(name, to).Root);
        if (Validators.IsCurrent(context, $"\"{from}-{to}-{roots.From.Hex[..16]}-{roots.To.Hex[..16]}\""))
            return;
        var first = await catalog.OpenSnapshotAsync(name, from, context.RequestAborted);
        var second = await catalog.OpenSnapshotAsync(name, to, context.RequestAborted);
        var diff = Documents.Diff(first, second, SnapshotDiff.Between(first, second));
        await JsonExchange.WriteAsync(context, diff, ApiJson.Default.SnapshotDiffDocument);
    }

    private static async Task ListingAsync(MirrorCatalog catalog, ContentAccess content, HttpContext context, string mirror, long? number)
    {
        var name = MirrorName.Parse(mirror);
        var published = content.Get(context, name).Current;
        var current = number is null ? published : null;
        var info = current?.Info ?? catalog.FindSnapshot(name, number!.Value);
        var response = context.Response;
        if (Validators.IsCurrent(context, ContentHeaders.EntityTag(info.Root)))
            return;
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers["Repr-Digest"] = ContentHeaders.Representation(info.Root);
        response.Headers["X-Snapshot"] = info.Number.ToString(CultureInfo.InvariantCulture);
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        var snapshot = current ?? await catalog.OpenSnapshotAsync(name, info.Number, context.RequestAborted);
        foreach (var chunk in SnapshotListing.Chunks(snapshot.Entries))
            await response.Body.WriteAsync(chunk, context.RequestAborted);
    }

    private static async Task TreeAsync(MirrorCatalog catalog, ContentAccess content, HttpContext context, string mirror, long? number)
    {
        var name = MirrorName.Parse(mirror);
        var published = content.Get(context, name).Current;
        var current = number is null ? published : null;
        var (path, mustBeFolder) = PathOf(context);
        // Only a folder needs the whole snapshot: edges and 'entrepot pull' ask older ones for single files.
        var found = current?.Look(path) ?? catalog.Look(name, number!.Value, path);
        var info = found.Snapshot;
        if (found.File is null ? !found.IsFolder : mustBeFolder)
            throw Fault.Of(
                CatalogFault.PathNotFound, FaultKind.NotFound, $"Mirror '{name}' has nothing at '{path}' in snapshot #{info.Number}.",
                $"GET /v1/mirrors/{name}/tree/ lists what it has.").ToException();
        // The same address may give another snapshot's document later, so the tag names both.
        if (Validators.IsCurrent(context, string.Create(CultureInfo.InvariantCulture, $"\"{info.Number}-{info.Root.Hex}\"")))
            return;
        if (found.File is { } entry)
        {
            await JsonExchange.WriteAsync(context, Documents.File(info, entry), ApiJson.Default.FileDocument);
            return;
        }

        var snapshot = current ?? await catalog.OpenSnapshotAsync(name, info.Number, context.RequestAborted);
        await JsonExchange.WriteAsync(context, Documents.Folder(snapshot, path, snapshot.List(path)!), ApiJson.Default.FolderDocument);
    }

    /// <summary>What follows <c>/v1/mirrors/MIRROR/tree</c> in the target as it was sent; the default path is the root folder.</summary>
    private static (ContentPath Path, bool MustBeFolder) PathOf(HttpContext context)
    {
        var rest = RequestTarget.RawPath(context);
        for (var segments = 0; segments < 4; segments++)
        {
            var slash = rest[1..].IndexOf('/');
            rest = slash < 0 ? default : rest[(slash + 1)..];
            if (rest.IsEmpty)
                return (default, true);
        }

        rest = rest[1..];
        var isFolder = rest.IsEmpty || rest[^1] == '/';
        if (isFolder && !rest.IsEmpty)
            rest = rest[..^1];
        if (rest.IsEmpty)
            return (default, true);
        return ContentPath.TryParseEncoded(rest, out var path, out var fault) ? (path, isFolder) : throw fault.ToException();
    }

    private static FaultException Invalid(string message, string cure) => Fault.Of(HttpFault.Body, FaultKind.Invalid, message, cure).ToException();
}
