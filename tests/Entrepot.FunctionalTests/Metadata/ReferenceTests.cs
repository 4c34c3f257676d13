using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>The description of the API, for programs and for people.</summary>
public sealed partial class ReferenceTests : IAsyncLifetime
{
    private MetadataSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await MetadataSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Every_operation_of_every_surface_is_described()
    {
        var document = await _site.GetJsonAsync("/openapi/v1.json");

        document.GetProperty("openapi").GetString().ShouldStartWith("3.1");
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Path: path.Name, Method: operation.Name, Value: operation.Value))).ToList();
        operations.Select(operation => $"{operation.Method} {operation.Path}").Order(StringComparer.Ordinal).ShouldBe(new[]
        {
            "delete /v1/mirrors/{mirror}", "delete /v1/uploads/{id}", "delete /{mirror}/{path}", "get /healthz", "get /readyz", "get /v1/blobs/{digest}",
            "get /v1/blobs/{digest}/fingerprint", "get /v1/journal", "get /v1/journal/export", "post /v1/journal/verify", "post /v1/journal/checkpoint", "get /v1/mirrors", "get /v1/mirrors/{mirror}", "get /v1/mirrors/{mirror}/entries", "get /v1/mirrors/{mirror}/listing",
            "get /v1/mirrors/{mirror}/snapshots", "get /v1/mirrors/{mirror}/snapshots/{from}/diff/{to}", "get /v1/mirrors/{mirror}/snapshots/{number}",
            "get /v1/mirrors/{mirror}/tree/{path}", "get /v1/network", "get /v1/nodes", "get /v1/ports", "get /v1/ports/pools", "get /v1/ports/services/{name}", "get /v1/ports/{port}", "get /v1/ports/findings", "get /v1/ports/reach", "get /v1/ports/status", "get /v1/ports/targets", "get /v1/services", "get /v1/services/{name}", "post /v1/ports/findings/{id}/acknowledge",
            "post /v1/ports/findings/{id}/fix", "head /v1/blobs/{digest}",
            "head /v1/uploads/{id}", "patch /v1/mirrors/{mirror}", "patch /v1/uploads/{id}", "post /v1/blobs/missing", "post /v1/gc", "post /v1/mirrors",
            "post /v1/mirrors/{mirror}/rollback", "post /v1/mirrors/{mirror}/snapshots", "post /v1/verify",
            "put /v1/blobs/{digest}", "put /{mirror}/{path}",
        }.Order(StringComparer.Ordinal));
        foreach (var (path, method, value) in operations)
        {
            value.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty($"{method} {path}");
            value.GetProperty("description").GetString().ShouldNotBeNullOrEmpty($"{method} {path}");
            value.GetProperty("servers")[0].GetProperty("url").GetString().ShouldStartWith("http://127.0.0.1:");
            value.GetProperty("operationId").GetString().ShouldNotBeNullOrEmpty();
        }

        operations.Select(operation => operation.Value.GetProperty("operationId").GetString()).ShouldBeUnique();
    }

    [Fact]
    public async Task Every_reference_inside_the_document_leads_somewhere()
    {
        using var response = await _site.GetAsync("/openapi/v1.json");
        var text = await response.Content.ReadAsStringAsync();
        var schemas = JsonDocument.Parse(text).RootElement.GetProperty("components").GetProperty("schemas");

        var references = SchemaReference().Matches(text).Select(match => match.Groups[1].Value).Distinct().ToList();
        references.Count.ShouldBeGreaterThan(15);
        foreach (var name in references)
            schemas.TryGetProperty(name, out _).ShouldBeTrue(name);
        schemas.GetProperty("Sha256Digest").GetProperty("pattern").GetString()!.ShouldContain("sha256:");
        schemas.GetProperty("PublishRequest").GetProperty("required").EnumerateArray().Select(name => name.GetString()).ShouldBe(["prefix", "delete", "entries"]);
        schemas.GetProperty("PublishRequest").GetProperty("properties").GetProperty("base").GetProperty("description").GetString()!.ShouldContain("412");
    }

    [Fact]
    public async Task The_page_and_its_script_come_from_here_alone()
    {
        using var root = await _site.GetAsync("/");
        root.RequestMessage!.RequestUri!.AbsolutePath.TrimEnd('/').ShouldBe("/reference");
        root.StatusCode.ShouldBe(HttpStatusCode.OK);
        root.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        var page = await root.Content.ReadAsStringAsync();

        // What a browser loads by itself: scripts, styles, fonts, images. Links for people may lead elsewhere.
        Loaded().Matches(page).Select(match => match.Groups[1].Value).ShouldNotContain(address => address.StartsWith("http", StringComparison.Ordinal), page);
        var scripts = Script().Matches(page).Select(match => match.Groups[1].Value).ToList();
        scripts.ShouldNotBeEmpty(page);
        foreach (var script in scripts)
        {
            using var answer = await _site.GetAsync(new Uri(new Uri(_site.Metadata.Url, "/reference/"), script).PathAndQuery);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, script);
        }
    }

    [GeneratedRegex("\"\\$ref\":\\s*\"#/components/schemas/([^\"]+)\"")]
    private static partial Regex SchemaReference();

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex Loaded();

    [GeneratedRegex("<script[^>]*\\ssrc=\"([^\"]+)\"")]
    private static partial Regex Script();
}
