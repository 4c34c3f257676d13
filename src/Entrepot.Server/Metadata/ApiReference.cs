using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Entrepot.Server.Metadata;

/// <summary>The description of the whole API. Each surface describes its own endpoints; here they are put together into one document
/// in which every operation names the address of its surface.</summary>
public sealed partial class ApiReference(string version)
{
    private const string Document = "v1";

    /// <summary>Carries the permission of an operation from its surface's own description into the document.</summary>
    private const string NeedsMember = "x-needs";

    private ImmutableArray<(string Surface, IOpenApiDocumentProvider Provider, Func<string?> Url, bool OpenReading)> _surfaces = [];

    /// <summary>Adds to a surface's container what describing it needs.</summary>
    public static void Configure(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(static options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            options.SerializerOptions.Converters.Add(new JsonStringEnumConverter());
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        services.AddOpenApi(Document, static options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddSchemaTransformer(DescribeType);
            options.AddOperationTransformer(DescribeOperationAsync);
        });
    }

    /// <summary>Takes a surface into the description.</summary>
    /// <param name="surface">Its name.</param>
    /// <param name="services">Its container, to which <see cref="Configure"/> was applied.</param>
    /// <param name="url">Its address, or null while it is not known.</param>
    /// <param name="openReading">True where content and network may be read by everybody.</param>
    public void Include(string surface, IServiceProvider services, Func<string?> url, bool openReading = false)
        => ImmutableInterlocked.Update(
            ref _surfaces, static (all, one) => all.Add(one), (surface, services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Document), url, openReading));

    /// <summary>The document, OpenAPI 3.1.</summary>
    public async Task<JsonObject> BuildAsync(CancellationToken cancellation)
    {
        var paths = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        var schemas = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var tags = new JsonArray();
        foreach (var (surface, provider, url, openReading) in _surfaces)
        {
            var document = await provider.GetOpenApiDocumentAsync(cancellation);
            var json = JsonNode.Parse(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellation))!.AsObject();
            foreach (var (path, item) in Members(json["paths"]))
                Merge(paths, path, item!.AsObject(), surface, url(), openReading);
            foreach (var (name, schema) in Members(json["components"]?["schemas"]))
                schemas.TryAdd(name, schema?.DeepClone());
            tags.Add(new JsonObject { ["name"] = surface, ["description"] = url() is { } address ? $"at {address}" : "" });
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "Entrepot",
                ["version"] = version,
                ["description"] = "Push once, download verified bytes from any edge. Errors are problem details (RFC 9457) with a stable code and a cure.",
                ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["identifier"] = "Apache-2.0" },
            },
            ["tags"] = tags,
            ["paths"] = new JsonObject(paths.Select(static pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["components"] = new JsonObject { ["schemas"] = new JsonObject(schemas), ["securitySchemes"] = ApiSecurity.Schemes() },
        };
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Members(JsonNode? node) => node as JsonObject ?? [];

    private static void Merge(SortedDictionary<string, JsonObject> paths, string path, JsonObject item, string surface, string? url, bool openReading)
    {
        if (!paths.TryGetValue(path, out var merged))
            paths[path] = merged = [];
        foreach (var (method, operation) in item)
        {
            // HEAD goes without saying where there is GET.
            if (operation is not JsonObject || merged.ContainsKey(method) || (method == "head" && item.ContainsKey("get")))
                continue;
            var copy = operation.DeepClone().AsObject();
            copy["tags"] = new JsonArray(surface);
            if (copy[NeedsMember]?.GetValue<string>() is { } needed && copy.Remove(NeedsMember))
                copy["security"] = ApiSecurity.Of(Enum.Parse<Permission>(needed), openReading);
            if (url is not null)
                copy["servers"] = new JsonArray(new JsonObject { ["url"] = url, ["description"] = $"{surface} surface" });
            merged[method] = copy;
        }
    }

    /// <summary>Says what the schema generator can't know: types that write themselves as text, and members that are left out when
    /// they are null.</summary>
    private static Task DescribeType(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        var pattern = type == typeof(Sha256Digest) ? "^sha256:[0-9a-f]{64}$"
            : type == typeof(Md5Digest) ? "^[0-9a-f]{32}$"
            : type == typeof(MirrorName) ? "^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"
            : type == typeof(ContentPath) ? "^[^/\\\\\\x00-\\x1f\\x7f]+(/[^/\\\\\\x00-\\x1f\\x7f]+)*$"
            : null;
        if (pattern is not null)
        {
            schema.Type = JsonSchemaType.String;
            schema.Pattern = pattern;
        }

        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property is { IsGetNullable: true, IsRequired: false })
                schema.Required?.Remove(property.Name);
        }

        return Task.CompletedTask;
    }

    private static async Task DescribeOperationAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        // The comment on the handler speaks to whoever reads the code.
        operation.Summary = metadata.OfType<IEndpointSummaryMetadata>().LastOrDefault()?.Summary;
        operation.Description = metadata.OfType<IEndpointDescriptionMetadata>().LastOrDefault()?.Description;
        DescribeAddress(operation, context.Description.RelativePath ?? "");
        if (metadata.OfType<NeededPermission>().LastOrDefault() is { } needed)
            operation.AddExtension(NeedsMember, new JsonNodeExtension(needed.Permission.ToString()));
        if (metadata.OfType<TakenBody>().FirstOrDefault() is { } body)
            await DescribeBodyAsync(operation, body, context, cancellation);
    }

    /// <summary>Parts of the address that a handler reads itself, strictly, are parameters too.</summary>
    private static void DescribeAddress(OpenApiOperation operation, string route)
    {
        operation.Parameters ??= [];
        foreach (Match match in RouteParameter().Matches(route))
        {
            var name = match.Groups[1].Value;
            if (operation.Parameters.Any(parameter => parameter.Name == name))
                continue;
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Path,
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }
    }

    private static async Task DescribeBodyAsync(
        OpenApiOperation operation, TakenBody body, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        IOpenApiSchema schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
        if (body.Type != typeof(Stream))
        {
            var document = context.Document!;
            document.AddComponent(body.Type.Name, await context.GetOrCreateSchemaAsync(body.Type, null, cancellation));
            schema = new OpenApiSchemaReference(body.Type.Name, document);
        }

        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [body.MediaType] = new() { Schema = schema } },
        };
    }

    [GeneratedRegex("\\{\\**([a-z]+)[^}]*\\}")]
    private static partial Regex RouteParameter();
}
