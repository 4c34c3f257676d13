using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Oci;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Registry;

/// <summary>Lists (OCI Distribution Specification 1.1, "Content Discovery").</summary>
internal sealed class RegistryLists(RegistryService service)
{
    /// <summary>Repositories that a client which does not say how many is given at once.</summary>
    private const int UsualPage = 100;

    /// <summary>The tags of a repository ("Listing Tags").</summary>
    public Task TagsAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Readable(context, target);
        var (count, last) = PageOf(context, OciCatalog.MaxPage);
        var tags = service.Catalog.Tags(name, last, count + 1)
            ?? throw Fault.Of(OciFault.NameUnknown, FaultKind.NotFound, $"There is no repository '{name}'.", "Push something to it.").ToException();
        var page = Page(context, tags, count);
        return WriteAsync(context, PlainJson.Write(new TagList(name.Value, page), RegistryJson.Default.TagList));
    }

    /// <summary>The repositories that the requester may read.</summary>
    public Task CatalogAsync(HttpContext context)
    {
        var (count, last) = PageOf(context, UsualPage);
        var found = new List<string>();
        // What the requester may not see must not shorten the page.
        for (var after = last; found.Count <= count;)
        {
            var some = service.Catalog.Repositories(after, OciCatalog.MaxPage);
            found.AddRange(some.Where(text => RepositoryName.TryParse(text, out var name) && service.Catalog.MirrorOf(name) is { } mirror && service.Content.MayRead(context, mirror.Info)).Take(count + 1 - found.Count));
            if (some.Count < OciCatalog.MaxPage)
                break;
            after = some[^1];
        }

        return WriteAsync(context, PlainJson.Write(new RepositoryList(Page(context, found, count)), RegistryJson.Default.RepositoryList));
    }

    /// <summary>What is about a manifest ("Listing Referrers"): an index, empty for one that nothing is about, or that is not there.</summary>
    public Task ReferrersAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Readable(context, target);
        var filter = context.Request.Query["artifactType"];
        return WriteIndexAsync(context, service, name, OciDigest.Parse(target.Reference), filter.Count == 1 && filter[0] is { Length: > 0 } type ? type : null);
    }

    /// <summary>Writes the index of what is about a manifest.</summary>
    internal static Task WriteIndexAsync(HttpContext context, RegistryService service, RepositoryName name, OciDigest subject, string? artifactType)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", OciManifest.Index);
            json.WriteStartArray("manifests");
            foreach (var manifest in service.Catalog.Referrers(name, subject).Where(manifest => artifactType is null || manifest.ArtifactType == artifactType))
            {
                json.WriteStartObject();
                json.WriteString("mediaType", manifest.MediaType);
                json.WriteString("digest", manifest.Digest.ToString());
                json.WriteNumber("size", manifest.Size);
                if (manifest.ArtifactType is { } type)
                    json.WriteString("artifactType", type);
                if (manifest.Annotations is { } annotations)
                {
                    json.WritePropertyName("annotations");
                    json.WriteRawValue(annotations);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        if (artifactType is not null)
            context.Response.Headers["OCI-Filters-Applied"] = "artifactType";
        return WriteAsync(context, buffer.WrittenMemory, OciManifest.Index);
    }

    /// <summary>What was asked for, with the address of what follows (RFC 8288).</summary>
    private static IReadOnlyList<string> Page(HttpContext context, IReadOnlyList<string> found, int count)
    {
        if (found.Count <= count)
            return found;
        IReadOnlyList<string> page = [.. found.Take(count)];
        if (page.Count > 0)
            context.Response.Headers.Link = string.Create(CultureInfo.InvariantCulture, $"<{context.Request.Path}?n={count}&last={Uri.EscapeDataString(page[^1])}>; rel=\"next\"");
        return page;
    }

    private static (int Count, string Last) PageOf(HttpContext context, int usual)
    {
        var query = context.Request.Query;
        var last = query["last"].ToString();
        if (query["n"] is not { Count: > 0 } asked)
            return (usual, last);
        return int.TryParse(asked.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? (Math.Min(count, OciCatalog.MaxPage), last)
            : throw Fault.Of(OciFault.Unsupported, FaultKind.Invalid, $"n={asked} is no number of tags.", "Use n=0 or more.").ToException();
    }

    private static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body, string type = "application/json")
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}
