output "stack" {
  description = "The stack's name, for repull doctor --stack."
  value       = aws_cloudformation_stack.repull.name
}

output "outputs" {
  description = "The stack's own outputs: queues, the remediate function, the topic."
  value       = aws_cloudformation_stack.repull.outputs
}
