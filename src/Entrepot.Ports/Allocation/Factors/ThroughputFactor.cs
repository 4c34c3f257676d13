namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 9: from 1 MB/s (a shaped or inspected port) to 1 GB/s (a 10 Gbit/s link).</summary>
internal sealed class ThroughputFactor : PathFactor
{
    public override PortFactor Factor => PortFactor.Throughput;

    public override double? Value(PathMeasure measure) => measure.BytesPerSecond;

    public override byte Score(double value) => Logarithmic(value, worst: 1e6, best: 1e9);

    protected override string Text(double value) => Format($"{value / 1e6:0.#} MB/s");
}
