using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Entrepot.FunctionalTests.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.FunctionalTests.Registry;

/// <summary>A node with mirrors of format oci, and a client of registries that knows nothing but the specification.</summary>
internal sealed class RegistrySite : IAsyncDisposable
{
    public const string ImageType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";

    private RegistrySite(AccessSite site) => Site = site;

    public AccessSite Site { get; }

    public string? Token { get; set; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<RegistrySite> StartAsync(params string[] mirrors)
    {
        var site = new RegistrySite(await AccessSite.StartAsync());
        foreach (var mirror in mirrors is [] ? ["apps"] : mirrors)
            await site.MirrorAsync(mirror, isPrivate: false);
        site.Token = (await site.Site.MakeAsync(new CreateTokenRequest(["publisher"], 3600))).Token;
        return site;
    }

    public async Task MirrorAsync(string name, bool isPrivate, string format = "oci")
    {
        OperatorToken.Show(Site.Http, Site.Folder);
        await new EntrepotClient(Site.Http, Site.Node.Network).CreateMirrorAsync(new CreateMirrorRequest(name, Format: format, Access: isPrivate ? "private" : null), Stop);
        Site.Http.DefaultRequestHeaders.Authorization = null;
    }

    public static string Sha256Of(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static string Sha512Of(byte[] bytes) => "sha512:" + Convert.ToHexStringLower(SHA512.HashData(bytes));

    public async Task<HttpResponseMessage> SendAsync(string method, string path, byte[]? body = null, string? type = null, string? range = null, string surface = "push", bool anonymous = false)
    {
        var url = path.StartsWith("http", StringComparison.Ordinal) ? path : Site.Node.Network.Surfaces.First(known => known.Surface == surface).Url + path;
        using var request = new HttpRequestMessage(new HttpMethod(method), url);
        if (body is not null)
            request.Content = new ByteArrayContent(body);
        if (type is not null)
            request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (range is not null)
            request.Content!.Headers.TryAddWithoutValidation("Content-Range", range);
        if (Token is not null && !anonymous)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return await Site.Http.SendAsync(request, Stop);
    }

    /// <summary>Pushes a blob at once.</summary>
    public async Task<string> BlobAsync(string name, byte[] bytes)
    {
        var digest = Sha256Of(bytes);
        using var answer = await SendAsync("POST", $"/v2/{name}/blobs/uploads/?digest={digest}", bytes);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Stop));
        return digest;
    }

    /// <summary>Pushes an image of one layer with its blobs.</summary>
    /// <returns>The manifest's digest and bytes.</returns>
    public async Task<(string Digest, byte[] Bytes)> ImageAsync(string name, string reference, string content = "layer", string? subject = null, string? artifactType = null)
    {
        var config = Encoding.UTF8.GetBytes("{}");
        var layer = Encoding.UTF8.GetBytes(content);
        await BlobAsync(name, config);
        await BlobAsync(name, layer);
        var manifest = ManifestOf(config, layer, subject, artifactType);
        using var answer = await SendAsync("PUT", $"/v2/{name}/manifests/{reference}", manifest, ImageType);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Stop));
        return (Sha256Of(manifest), manifest);
    }

    public static byte[] ManifestOf(byte[] config, byte[] layer, string? subject = null, string? artifactType = null) => Encoding.UTF8.GetBytes(
        $$"""
        {"schemaVersion":2,"mediaType":"{{ImageType}}",{{(artifactType is null ? "" : $"\"artifactType\":\"{artifactType}\",")}}"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{Sha256Of(config)}}","size":{{config.Length}}},
        "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{Sha256Of(layer)}}","size":{{layer.Length}}}]{{(subject is null ? "" : $$""","subject":{"mediaType":"{{ImageType}}","digest":"{{subject}}","size":1}""")}}}
        """);

    /// <summary>The code of an error body; empty for another answer.</summary>
    public static async Task<string> CodeOfAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Stop);
        if (answer.IsSuccessStatusCode || text.Length == 0)
            return "";
        using var json = JsonDocument.Parse(text);
        var error = json.RootElement.GetProperty("errors")[0];
        error.GetProperty("message").GetString().ShouldNotBeNullOrEmpty();
        return error.GetProperty("code").GetString()!;
    }

    public static async Task<JsonElement> JsonOfAsync(HttpResponseMessage answer)
    {
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        return json.RootElement.Clone();
    }

    public ValueTask DisposeAsync() => Site.DisposeAsync();
}
