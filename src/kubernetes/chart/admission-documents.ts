/** What the API server gets: what our own account may write, and who swaps the images of new pods. */

import { fencePolicies } from "../policies/fence.ts";
import { swapImagesBinding, swapImagesPolicy } from "../policies/swap-images.ts";
import { webhookConfiguration } from "../policies/webhook-configuration.ts";
import { INJECT_CA } from "./certificate-documents.ts";
import { type Node, put, when } from "./marks.ts";
import {
  CONTROLLER_ACCOUNT as account,
  labelled,
  NAMESPACE as namespace,
  OTHERS_CERTIFICATES,
  REMEDIATES,
  USES_POLICY,
  USES_WEBHOOK,
  WEBHOOK,
} from "./names.ts";

const configuration = webhookConfiguration({ namespace, serviceName: WEBHOOK });
const metadata = { ...configuration.metadata, annotations: when(OTHERS_CERTIFICATES, INJECT_CA) };

/** The policy in CEL cannot say what it would do, so it is there only where it may do it. */
const SWAPS = { all: [USES_POLICY, REMEDIATES] };

export const ADMISSION_DOCUMENTS: readonly Node[] = [
  ...fencePolicies({ account, allowedRegistries: put("Values.allowedRegistries", "json") }).map(labelled),
  when(SWAPS, labelled(swapImagesPolicy({ account, namespace }))),
  when(SWAPS, labelled(swapImagesBinding())),
  when(USES_WEBHOOK, labelled({ ...configuration, metadata })),
];
