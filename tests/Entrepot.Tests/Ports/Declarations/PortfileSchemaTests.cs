using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using Entrepot.Core.Documents;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Declarations.Reading;
using Entrepot.Tests.Server.Configuration;

namespace Entrepot.Tests.Ports.Declarations;

public sealed class PortfileSchemaTests
{
    private static readonly SchemaJudge Judge = new(JsonNode.Parse(PortfileSchema.Text)!);

    private static readonly string[] Trouble =
    [
        "null", "true", "0", "-1", "1", "22", "70000", "1.5", "\"\"", "\" \"", "\"x\"", "\"-x\"", "\"10.0.0.0/8\"", "\"10.0.0.0/99\"", "\"8080\"", "\"30%\"", "\"1h\"",
        "\"tcp\"", "\"20000-20010\"", "\"2030-01-01\"", "\"line\\nbreak\"", "\"x\\n\"", "[]", "[1]", "[\"x\"]", "[{}]", "{}", "{\"name\": \"x\"}",
    ];

    public static TheoryData<string> Samples => PortfileReaderTests.Samples;

    [Fact]
    public void The_published_schema_is_the_one_that_the_keys_give()
    {
        var file = Path.Combine(RepositoryFiles.Root, "docs", "reference", "portfile.schema.json");
        if (Environment.GetEnvironmentVariable("ENTREPOT_APPROVE") == "1")
            File.WriteAllText(file, PortfileSchema.Text);
        File.ReadAllText(file).ShouldBe(PortfileSchema.Text);
    }

    [Fact]
    public void Its_keys_and_choices_are_those_of_the_reader()
    {
        var schema = JsonNode.Parse(PortfileSchema.Text)!;
        foreach (var group in Groups())
        {
            var described = group.Name == "portfile" ? schema.AsObject() : schema["$defs"]![group.Name]!.AsObject();
            described["properties"]!.AsObject().Select(static property => property.Key).ShouldBe(group.Keys.Select(static key => key.Name), group.Name);
            (described["required"]?.AsArray().Select(static name => (string)name!) ?? []).ShouldBe(group.Keys.Where(static key => key.Required).Select(static key => key.Name), group.Name);
        }

        Choices("service", "protocol").ShouldBe(["tcp", "udp", "sctp"]);
        Choices("service", "accept").ShouldBe(Enum.GetValues<AcceptedRisk>().Select(PortfileTypes.NameOf));
        Choices("policy", "dynamicPorts").ShouldBe(Enum.GetValues<DynamicPortRule>().Select(PortfileTypes.NameOf));
        Choices("zone", "facing").ShouldBe(Enum.GetValues<ZoneFacing>().Select(PortfileTypes.NameOf));

        IEnumerable<string> Choices(string group, string key)
        {
            var property = schema["$defs"]![group]!["properties"]![key]!;
            return (property["enum"] ?? property["items"]!["enum"])!.AsArray().Select(static name => (string)name!);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_passes_the_schema_and_the_reader_as_yaml_and_as_json(string name)
    {
        var json = ToJson(Sample(name));

        Judge.Accepts(json).ShouldBeTrue();
        PortfileReader.Read(json.ToJsonString(), "p.json").Errors.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void What_the_schema_refuses_the_reader_refuses_too(string name)
    {
        var original = ToJson(Sample(name));
        var (refused, taken) = (0, 0);
        Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 3], Gen.Int[0, Trouble.Length - 1]).Sample(
            (place, kind, trouble) =>
            {
                var mutant = original.DeepClone();
                Mutate(mutant, place, kind, Trouble[trouble]);
                if (Judge.Accepts(mutant))
                {
                    Interlocked.Increment(ref taken);
                    return;
                }

                Interlocked.Increment(ref refused);
                PortfileReader.Read(mutant.ToJsonString(), "m.json").Errors.ShouldNotBeEmpty(mutant.ToJsonString());
            },
            iter: 3_000);

        refused.ShouldBeGreaterThan(1_000);
        taken.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Every_default_of_the_schema_is_a_value_that_it_allows()
    {
        var defaults = JsonNode.Parse(PortfileSchema.Text)!["$defs"]!.AsObject()
            .SelectMany(static group => group.Value!["properties"]!.AsObject().Select(property => (Name: $"{group.Key}.{property.Key}", Rules: property.Value!.AsObject())))
            .Where(static property => property.Rules.ContainsKey("default")).ToList();

        defaults.Count.ShouldBeGreaterThan(15);
        foreach (var (name, rules) in defaults)
        {
            var alone = rules.DeepClone().AsObject();
            alone["$defs"] = JsonNode.Parse(PortfileSchema.Text)!["$defs"]!.DeepClone();
            new SchemaJudge(alone).Accepts(rules["default"]).ShouldBeTrue(name);
        }
    }

    internal static IEnumerable<GroupShape> Groups() =>
        [PortfileKeys.Root, PolicyKeys.Group, ManagementKeys.Group, SiteKeys.Group, ZoneKeys.Group, IdentityKeys.Group, PoolKeys.Group, ServiceKeys.Group, GrantKeys.Group, ProcessKeys.Group];

    /// <summary>Changes one place: another value, another key, one key more, or one less.</summary>
    private static void Mutate(JsonNode root, int place, int kind, string trouble)
    {
        var places = Places(root).ToList();
        var at = places[place % places.Count];
        var value = JsonNode.Parse(trouble);
        switch (at.Parent)
        {
            case JsonObject group:
                var key = at.GetPropertyName();
                if (kind is 1 or 3)
                    group.Remove(key);
                if (kind != 3)
                    group[kind switch { 0 => key, 1 => key + "s", _ => "extra" }] = kind == 1 ? at.DeepClone() : value;
                break;
            case JsonArray list when kind == 3:
                list.RemoveAt(at.GetElementIndex());
                break;
            case JsonArray list:
                list[at.GetElementIndex()] = value;
                break;
        }
    }

    private static IEnumerable<JsonNode> Places(JsonNode node)
    {
        IEnumerable<JsonNode?> inner = node switch
        {
            JsonObject group => group.Select(static property => property.Value),
            JsonArray list => list,
            _ => [],
        };
        return inner.OfType<JsonNode>().SelectMany(static child => Places(child).Prepend(child));
    }

    private static JsonNode ToJson(string yaml) => ToJson(DocumentTree.Parse(yaml, "p.yaml", out _)!)!;

    private static JsonNode? ToJson(DocumentNode node) => node switch
    {
        DocumentMap map => new JsonObject(map.Entries.Select(static entry => KeyValuePair.Create(entry.Key.Value, ToJson(entry.Value)))),
        DocumentList list => new JsonArray([.. list.Items.Select(ToJson)]),
        DocumentScalar scalar => scalar.Kind() switch
        {
            ScalarKind.Null => null,
            ScalarKind.Boolean => scalar.Value.Equals("true", StringComparison.OrdinalIgnoreCase),
            ScalarKind.WholeNumber => long.Parse(scalar.Value, CultureInfo.InvariantCulture),
            ScalarKind.Fraction => double.Parse(scalar.Value, CultureInfo.InvariantCulture),
            _ => scalar.Value,
        },
        _ => throw new InvalidOperationException(),
    };

    private static string Sample(string name) => File.ReadAllText(Path.Combine(RepositoryFiles.Root, "samples", name));
}
